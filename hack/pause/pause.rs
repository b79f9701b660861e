//! What holds a pod's namespaces in the cluster of `cargo xtask cluster`: it does nothing.

fn main() {
    loop {
        std::thread::park();
    }
}
