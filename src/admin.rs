//! Administrative sub-commands.
