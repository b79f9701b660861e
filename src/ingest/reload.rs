//! The mapping follows its file.

use crate::edge::mapping::{Mapping, MappingFile};
use crate::process::Process;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How often the file is looked at: a ConfigMap takes up to a minute to arrive anyway.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// The mapping in force, and a task that follows the file: waits for a good one at the start;
/// later the old mapping stays and readiness says why. None at shutdown.
pub(super) async fn mapping(
    path: Option<&Path>,
    process: &Process,
) -> Option<watch::Receiver<Arc<Mapping>>> {
    let Some(path) = path else {
        return Some(watch::channel(Arc::new(Mapping::common_shop())).1);
    };
    let opening = process.wait_for("mapping", || MappingFile::open(path));
    let (file, mapping) = opening.await?;
    let (sender, receiver) = watch::channel(Arc::new(mapping));
    let process_of_task = process.clone();
    process.tasks.spawn(follow(file, sender, process_of_task));
    Some(receiver)
}

async fn follow(mut file: MappingFile, mapping: watch::Sender<Arc<Mapping>>, process: Process) {
    let condition = process.health.condition("mapping");
    condition.ready();
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = process.shutdown.cancelled() => return,
        }
        match file.reload().await {
            Ok(None) => condition.ready(),
            Ok(Some(changed)) => {
                tracing::info!("the mapping has changed");
                mapping.send_replace(Arc::new(changed));
                condition.ready();
            }
            Err(why) => condition.not_ready(format!("the old mapping stays in force: {why}")),
        }
    }
}
