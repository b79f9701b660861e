//! The cluster: definitions, rights and Factories.

use super::Args;
use super::Role::{Controller, Ingest};
use super::report::Report;
use super::rights;
use super::served::{self, Served};
use crate::crd::definitions;
use crate::crd::factory::{Factory, SUSPENDED};
use crate::edge::cluster::{self, ClusterError};
use crate::edge::factory::AllowList;
use crate::process::args::{Area, NamespacesArgs};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, CustomResourceDefinitionVersion as Version,
};
use kube::api::Api;
use kube::core::DeserializeGuard;
use kube::{Client, Resource as _, ResourceExt as _};
use std::collections::BTreeMap;

/// Factories of one look: a shop has a handful.
const FACTORIES_MAX: u32 = 500;

const INSTALL: &str = "install it: helm upgrade with crds.install=true, or restock-operator crd | \
                       kubectl apply --server-side --force-conflicts -f -";

pub(super) async fn check(args: &Args, allow: Option<&AllowList>, report: &mut Report) {
    let client = match cluster::client().await {
        Ok(client) => client,
        Err(why) => return report.bad("cluster", format!("{why}: set KUBECONFIG")),
    };
    match installed(args, &client, report).await {
        Ok(()) => {}
        Err(why) => return report.bad("cluster", format!("{why}: check KUBECONFIG and network")),
    }
    let areas = args.namespaces.watched.areas();
    if args.concern(&[Controller]) {
        for area in areas {
            let what = "rights of controller";
            rights::check(&client, area, what, rights::CONTROLLER, report).await;
        }
        lease(&client, &args.namespaces, report).await;
    }
    if args.concern(&[Ingest]) {
        for area in areas {
            rights::check(&client, area, "rights of ingest", rights::INGEST, report).await;
        }
    }
    if args.concern(&[Controller]) {
        for area in areas {
            factories(&client, area, allow, report).await;
        }
    }
}

async fn lease(client: &Client, namespaces: &NamespacesArgs, report: &mut Report) {
    let what = "lease of controller";
    match namespaces.of_lease() {
        Ok(namespace) => {
            let area = Area::Namespace(namespace.to_owned());
            rights::check(client, &area, what, rights::LEASE, report).await;
        }
        // Without an election there is none.
        Err(why) => report.weak(what, why),
    }
}

/// # Errors
/// If the server does not answer at all.
async fn installed(args: &Args, client: &Client, report: &mut Report) -> Result<(), ClusterError> {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    for wanted in definitions() {
        let name = wanted.name_any();
        // Ingest knows of no Factory.
        if wanted.spec.names.kind == Factory::kind(&()) && !args.concern(&[Controller]) {
            continue;
        }
        match cluster::get(&api, &name).await {
            Ok(found) => report.all("definition", problems(&wanted, found.as_ref()), &name),
            // Only those who install may read it; what is served, anybody may ask.
            Err(ClusterError::Refused(_)) => {
                as_served(served::served(client, &wanted).await?, &name, report);
            }
            Err(why) => return Err(why),
        }
    }
    Ok(())
}

fn as_served(served: Served, name: &str, report: &mut Report) {
    let problems = match served {
        Served::Missing => vec![format!("{name} is missing; {INSTALL}")],
        Served::Without(fields) if fields.is_empty() => Vec::new(),
        Served::Without(fields) => vec![format!(
            "{name} is of another version of this software, without {}; {INSTALL}",
            fields.join(", ")
        )],
        Served::Unknown => {
            let may_not = "whether it is served, and with which fields, nobody says to this account: \
                 the role system:discovery of Kubernetes lets it ask";
            return report.weak("definition", format!("{name}: {may_not}"));
        }
    };
    let good = format!("{name} is served, with every field of this version");
    report.all("definition", problems, good);
}

fn problems(
    wanted: &CustomResourceDefinition,
    found: Option<&CustomResourceDefinition>,
) -> Vec<String> {
    let name = wanted.name_any();
    let Some(found) = found else {
        return vec![format!("{name} is missing; {INSTALL}")];
    };
    let version = &wanted.spec.versions[0];
    let Some(served) = found
        .spec
        .versions
        .iter()
        .find(|one| one.name == version.name)
    else {
        return vec![format!("{name} has no version {}; {INSTALL}", version.name)];
    };
    let mut problems = Vec::new();
    if !served.served {
        problems.push(format!("{name} does not serve {}; {INSTALL}", version.name));
    }
    // Selectable fields are what watch and deletion select by: older ones lack some.
    if served.selectable_fields != version.selectable_fields || fields(served) != fields(version) {
        problems.push(format!(
            "{name} is of another version of this software; {INSTALL}"
        ));
    }
    problems
}

/// The names of the fields of spec and status.
fn fields(version: &Version) -> Vec<String> {
    let schema = version
        .schema
        .as_ref()
        .and_then(|schema| schema.open_api_v3_schema.as_ref());
    let properties = schema.and_then(|schema| schema.properties.as_ref());
    let parts = properties.into_iter().flat_map(BTreeMap::values);
    let fields = parts
        .filter_map(|part| part.properties.as_ref())
        .flat_map(BTreeMap::keys);
    fields.cloned().collect()
}

async fn factories(client: &Client, area: &Area, allow: Option<&AllowList>, report: &mut Report) {
    let api: Api<DeserializeGuard<Factory>> = area.api(client);
    let list = match cluster::list(&api, FACTORIES_MAX, None).await {
        Ok(list) => list,
        Err(ClusterError::Gone(_)) => return report.bad("factories", "the definition is missing"),
        Err(why) => return report.bad("factories", format!("in {area}: {why}")),
    };
    let mut by_namespace: BTreeMap<String, Vec<_>> = BTreeMap::new();
    // One that is named is looked at even if it has none.
    by_namespace.extend(area.namespace().map(|name| (name.to_owned(), Vec::new())));
    for factory in list.items {
        let namespace = factory.namespace().unwrap_or_default();
        by_namespace.entry(namespace).or_default().push(factory);
    }
    for (namespace, factories) in by_namespace {
        let all = factories.len();
        let (readable, problems) = readable(factories);
        let problems = [
            problems,
            factory_problems(&readable),
            out_of_reach(&readable, allow),
        ];
        let what = format!("factories in {namespace}");
        for name in readable
            .iter()
            .filter(|one| one.spec.suspend)
            .map(Factory::name_any)
        {
            let resume = format!(
                "kubectl patch factory {name} -n {namespace} --type merge \
                 -p '{{\"spec\":{{\"suspend\":false}}}}'"
            );
            let found = "is suspended: it gets no new orders";
            report.weak(&what, format!("{name} {found}, until `{resume}`"));
        }
        report.all(&what, problems.concat(), all);
    }
}

fn readable(factories: Vec<DeserializeGuard<Factory>>) -> (Vec<Factory>, Vec<String>) {
    let (mut readable, mut problems) = (Vec::new(), Vec::new());
    for factory in factories {
        match factory.0 {
            Ok(factory) => readable.push(factory),
            Err(why) => {
                let name = why.metadata.name.unwrap_or_default();
                problems.push(format!(
                    "{name} cannot be read by this version and is not used: {}",
                    why.error
                ));
            }
        }
    }
    (readable, problems)
}

fn factory_problems(factories: &[Factory]) -> Vec<String> {
    if factories.is_empty() {
        let sample = "manifests/samples/factory.yaml";
        return vec![format!("none: create one, for example {sample}")];
    }
    let mut problems = Vec::new();
    let defaults = factories
        .iter()
        .filter(|factory| factory.spec.default)
        .count();
    if defaults > 1 {
        problems.push(format!(
            "{defaults} are the default, so none is used: leave default: true in one"
        ));
    }
    if defaults == 0 {
        problems.push(
            "none is the default: requests whose factory no Factory lists will fail; set \
             default: true in one"
                .to_owned(),
        );
    }
    let mut served: BTreeMap<&str, usize> = BTreeMap::new();
    let ids = factories
        .iter()
        .flat_map(|factory| &factory.spec.factory_ids);
    ids.for_each(|id| *served.entry(id).or_default() += 1);
    for (id, count) in served.into_iter().filter(|(_, count)| *count > 1) {
        problems.push(format!(
            "{count} serve {id}, so none is used for it: leave it in one"
        ));
    }
    problems.extend(factories.iter().filter_map(not_ready));
    problems
}

/// Those that this list keeps orders from; the controller may have another list than the
/// one that this command was given, and then its Ready condition says so.
fn out_of_reach(factories: &[Factory], allow: Option<&AllowList>) -> Vec<String> {
    let Some(allow) = allow else {
        return Vec::new();
    };
    let refused = |factory: &Factory| {
        let why = allow.check(&factory.spec.url).err()?;
        let name = factory.name_any();
        Some(format!("{name}: {why}: add it to RESTOCK_FACTORY_ALLOW"))
    };
    factories.iter().filter_map(refused).collect()
}

/// But for one that a person holds: that is no fault of it.
fn not_ready(factory: &Factory) -> Option<String> {
    let conditions = &factory.status.as_ref()?.conditions;
    let ready = conditions.iter().find(|one| one.type_ == "Ready")?;
    (ready.status == "False" && ready.reason != SUSPENDED).then(|| {
        format!(
            "{} is not ready: {}: {}",
            factory.name_any(),
            ready.reason,
            ready.message
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn factory(name: &str, ids: &[&str], default: bool, conditions: &Value) -> Factory {
        serde_json::from_value(json!({
            "apiVersion": "restock.dev/v1alpha1", "kind": "Factory",
            "metadata": { "name": name },
            "spec": { "url": "http://factory/api", "factoryIds": ids, "default": default },
            "status": { "conditions": conditions },
        }))
        .unwrap()
    }

    #[test]
    fn the_definitions_of_this_version_are_asked_for() {
        for wanted in definitions() {
            assert_eq!(problems(&wanted, Some(&wanted)), Vec::<String>::new());
            assert!(problems(&wanted, None)[0].contains("is missing"));
            let mut older = wanted.clone();
            older.spec.versions[0].selectable_fields = Some(Vec::new());
            assert!(problems(&wanted, Some(&older))[0].contains("another version"));
            let mut other = wanted.clone();
            other.spec.versions[0].name = "v1".to_owned();
            assert!(problems(&wanted, Some(&other))[0].contains("no version v1alpha1"));
        }
    }

    #[test]
    fn factories_must_be_unambiguous_and_ready() {
        let good = factory("seoul", &["FF-1"], true, &json!([]));
        assert_eq!(
            factory_problems(std::slice::from_ref(&good)),
            Vec::<String>::new()
        );
        assert!(factory_problems(&[])[0].starts_with("none: create one"));
        let same = factory("busan", &["FF-1"], true, &json!([]));
        let found = factory_problems(&[good, same]);
        assert!(found[0].contains("2 are the default") && found[1].contains("2 serve FF-1"));
        let not_ready = json!([{
            "type": "Ready", "status": "False", "reason": "HeadersMissing", "message": "no file",
            "lastTransitionTime": "2026-01-02T03:04:05Z",
        }]);
        let found = factory_problems(&[factory("seoul", &[], true, &not_ready)]);
        assert_eq!(found, ["seoul is not ready: HeadersMissing: no file"]);
        let held = json!([{
            "type": "Ready", "status": "False", "reason": SUSPENDED, "message": "No new orders.",
            "lastTransitionTime": "2026-01-02T03:04:05Z",
        }]);
        let found = factory_problems(&[factory("seoul", &[], true, &held)]);
        assert_eq!(found, Vec::<String>::new(), "a person wants it so");
        let lonely = factory_problems(&[factory("seoul", &[], false, &json!([]))]);
        assert!(lonely[0].contains("none is the default"));
        let elsewhere = [factory("seoul", &[], true, &json!([]))];
        let allow = |entry: &str| AllowList::parse(&[entry.to_owned()]).unwrap();
        let found = out_of_reach(&elsewhere, Some(&allow("10.0.0.0/8")));
        assert!(
            found[0].contains("seoul: host factory is not on"),
            "{found:?}"
        );
        assert!(out_of_reach(&elsewhere, Some(&allow("factory"))).is_empty());
    }
}
