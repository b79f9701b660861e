//! How a message becomes an order: as a file says, or a release.

use super::failure::Failure;
use super::release::Releases;
use super::target::Place;
use crate::edge::mapping::{Mapping, MappingFile};
use std::path::Path;

/// That of a file.
pub(super) async fn of_file(path: &Path) -> Result<Mapping, Failure> {
    let opened = MappingFile::open(path).await;
    let (_, mapping) = opened.map_err(|why| invalid(&why))?;
    Ok(mapping)
}

/// That of a ConfigMap.
pub(super) fn of_text(yaml: &str) -> Result<Mapping, Failure> {
    Mapping::parse(yaml).map_err(|why| invalid(&why))
}

/// That of the release in the namespace, and in words whose it is. Where there is none, or it may
/// not be read, the common shop's.
pub(super) async fn of_release(
    place: &Result<Place, Failure>,
) -> Result<(Mapping, String), Failure> {
    let common = |why: &str| {
        let said = format!("the common shop's keys: {why}");
        Ok((Mapping::common_shop(), said))
    };
    let place = match place {
        Ok(place) => place,
        Err(why) => return common(&why.in_words()),
    };
    let releases = match Releases::at(place).await {
        Ok(releases) => releases,
        Err(why) => return common(&why.in_words()),
    };
    let namespace = &releases.namespace;
    match &releases.mappings()[..] {
        [] => common(&format!(
            "no release in namespace {namespace} has a mapping of its own"
        )),
        [(said, yaml)] if !releases.are_several() => Ok((
            of_text(yaml)?,
            format!("the mapping of release {}", said.instance()),
        )),
        _ => Err(Failure::usage(
            format!("namespace {namespace} has several releases, and a mapping of some"),
            "Give one as a file, with --mapping.",
        )),
    }
}

fn invalid(why: &dyn std::fmt::Display) -> Failure {
    let next = "docs/mapping.md shows what a mapping looks like.";
    Failure::new(why.to_string(), next)
}
