//! What a command did to requests: told as it happens, and with `-o` the objects as they are
//! afterwards, as kubectl prints what it changed.

use super::failure::Failure;
use super::output::{self, Output, full_name};
use super::screen;
use super::status;
use super::view::View;
use kube::core::DynamicObject;
use serde_json::json;

/// Requests that a command has changed, or found as they were to be.
pub(super) struct Changes {
    form: Option<Output>,
    dry_run: bool,
    /// One request was named, and no list is asked for.
    alone: bool,
    objects: Vec<DynamicObject>,
}

impl Changes {
    /// None yet.
    pub(super) const fn new(form: Option<Output>, dry_run: bool, alone: bool) -> Self {
        Self {
            form,
            dry_run,
            alone,
            objects: Vec::new(),
        }
    }

    /// Whether nothing is to be written.
    pub(super) const fn dry_run(&self) -> bool {
        self.dry_run
    }

    /// Says what became of a request. That is the answer, or with `-o` stands beside it.
    pub(super) fn say(&self, name: &str, what: &str) {
        let dry_run = if self.dry_run { " (dry run)" } else { "" };
        let line = format!("{} {what}{dry_run}\n", full_name(name));
        match self.form {
            None => screen::print(&line),
            Some(_) => screen::complain(&line),
        }
    }

    /// So the request is now.
    pub(super) fn add(&mut self, mut object: DynamicObject) {
        if self.form.is_some() {
            // Kept out as kubectl keeps it out.
            object.metadata.managed_fields = None;
            self.objects.push(object);
        }
    }

    /// Prints the objects, in the form that was asked for: one by itself, several as a list.
    pub(super) fn print(self) -> Result<(), Failure> {
        let whole = |objects: &[DynamicObject]| match objects {
            [object] if self.alone => json!(object),
            objects => json!({ "apiVersion": "v1", "kind": "List", "items": objects }),
        };
        match self.form {
            None => {}
            Some(_) if self.alone && self.objects.is_empty() => {}
            Some(Output::Json) => output::json(&whole(&self.objects))?,
            Some(Output::Yaml) => output::yaml(&whole(&self.objects))?,
            Some(Output::Wide) => {
                let views = self.objects.into_iter().map(|object| View { object });
                screen::print(&status::table(views));
            }
            Some(Output::Name) => {
                let names = self.objects.iter();
                output::print_names(names.filter_map(|one| one.metadata.name.as_deref()));
            }
        }
        Ok(())
    }
}
