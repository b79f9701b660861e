//! The way of the API server's proxy to the read port of a role that runs here: the Service, and
//! the pod and the EndpointSlice that a cluster would make for it.
#![allow(dead_code, reason = "each test file uses its part of it")]

#[path = "created.rs"]
mod created;

use crate::support::cluster::Place;
use created::create;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams};
use kube::core::{NamespaceResourceScope, Resource};
use serde::de::DeserializeOwned;
use serde_json::json;
use std::fmt::Debug;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};

/// A network for documents (RFC 5737): nothing is sent there.
const ELSEWHERE: &str = "192.0.2.77:9";

/// An address of this machine that is not its loopback: the API server proxies to no such.
fn own_address() -> IpAddr {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    // A datagram socket that is connected has an address, and has sent nothing.
    socket
        .connect(ELSEWHERE)
        .expect("this machine has a network");
    socket.local_addr().unwrap().ip()
}

/// Where a role is to serve its readers.
pub(crate) fn free_address() -> SocketAddr {
    // Free now, and asked for again in milliseconds.
    let free = TcpListener::bind((own_address(), 0)).unwrap();
    free.local_addr().unwrap()
}

/// A release of the chart.
#[derive(Clone, Copy)]
pub(crate) struct Release<'a> {
    pub(crate) name: &'a str,
    /// What it says that it consists of, if it says so.
    pub(crate) roles: Option<&'a str>,
}

/// The one of tests that have no other.
const SHOP: Release<'_> = Release {
    name: "shop",
    roles: None,
};

/// Makes the read Service of this role, leading there; without an address it has no pod.
pub(crate) async fn serve(place: &Place, role: &str, address: Option<SocketAddr>) {
    serve_of(SHOP, place, role, address).await;
}

/// The same, of this release.
pub(crate) async fn serve_of(
    release: Release<'_>,
    place: &Place,
    role: &str,
    address: Option<SocketAddr>,
) {
    let name = format!("{}-{role}-read", release.name);
    let mut service = json!({
        "metadata": { "name": name, "labels": {
            "app.kubernetes.io/name": "restock-operator",
            "app.kubernetes.io/instance": release.name,
            "app.kubernetes.io/component": role,
            "restock.dev/serves": "read",
        }},
        "spec": { "clusterIP": "None", "ports": [{ "name": "read", "port": 8081 }] },
    });
    if let Some(roles) = release.roles {
        service["metadata"]["annotations"] = json!({ "restock.dev/roles": roles });
    }
    create::<Service>(&place.client, &place.namespace, &service).await;
    let Some(address) = address else { return };
    pod(place, &name, address.ip()).await;
    let pod = json!({ "kind": "Pod", "namespace": place.namespace, "name": name });
    let slice = json!({
        "metadata": { "name": name, "labels": { "kubernetes.io/service-name": name } },
        "addressType": "IPv4",
        "endpoints": [{
            "addresses": [address.ip()],
            "conditions": { "ready": true },
            // The proxy leads to pods alone.
            "targetRef": pod,
        }],
        "ports": [{ "name": "read", "port": address.port(), "protocol": "TCP" }],
    });
    create::<EndpointSlice>(&place.client, &place.namespace, &slice).await;
}

/// One that no node runs, with this address.
async fn pod(place: &Place, name: &str, address: IpAddr) {
    let pod = json!({
        "metadata": { "name": name },
        "spec": {
            "containers": [{ "name": "role", "image": "restock-operator" }],
            "automountServiceAccountToken": false,
        },
    });
    create::<Pod>(&place.client, &place.namespace, &pod).await;
    let status = json!({ "status": { "podIP": address, "podIPs": [{ "ip": address }] } });
    let pods: Api<Pod> = Api::namespaced(place.client.clone(), &place.namespace);
    let (patch, parameters) = (Patch::Merge(status), PatchParams::default());
    pods.patch_status(name, &parameters, &patch).await.unwrap();
}

/// Makes the Deployment of this role, with so many pods wanted and ready.
pub(crate) async fn workload(place: &Place, role: &str, wanted: i32, ready: i32) {
    workload_of(SHOP, place, role, wanted, ready).await;
}

/// The same, of this release.
pub(crate) async fn workload_of(
    release: Release<'_>,
    place: &Place,
    role: &str,
    wanted: i32,
    ready: i32,
) {
    let name = format!("{}-{role}", release.name);
    let labels = json!({
        "app.kubernetes.io/name": "restock-operator",
        "app.kubernetes.io/instance": release.name,
        "app.kubernetes.io/component": role,
    });
    let container = json!({ "name": "role", "image": "restock-operator" });
    let deployment = json!({
        "metadata": { "name": name, "labels": labels },
        "spec": {
            "replicas": wanted,
            "selector": { "matchLabels": labels },
            "template": {
                "metadata": { "labels": labels },
                "spec": { "containers": [container] },
            },
        },
    });
    create::<Deployment>(&place.client, &place.namespace, &deployment).await;
    let status = json!({ "status": {
        "replicas": wanted, "readyReplicas": ready, "updatedReplicas": ready,
    }});
    let deployments: Api<Deployment> = Api::namespaced(place.client.clone(), &place.namespace);
    let (patch, parameters) = (Patch::Merge(status), PatchParams::default());
    deployments
        .patch_status(&name, &parameters, &patch)
        .await
        .unwrap();
}

/// Takes them away: without a controller manager nobody else does.
pub(crate) async fn clear(place: &Place) {
    delete_all::<Service>(place).await;
    delete_all::<EndpointSlice>(place).await;
    delete_all::<Pod>(place).await;
    delete_all::<Deployment>(place).await;
}

async fn delete_all<K>(place: &Place)
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned,
{
    let api: Api<K> = Api::namespaced(place.client.clone(), &place.namespace);
    let all = (DeleteParams::default(), ListParams::default());
    api.delete_collection(&all.0, &all.1).await.unwrap();
}
