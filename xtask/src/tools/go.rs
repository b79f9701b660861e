//! etcd, kube-apiserver and kubectl, built from the modules in `hack/tools`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::cache::Cache;
use crate::command;
use crate::given::Given;
use crate::state::RunDirectory;

/// Modules that name the versions.
pub(super) const KUBERNETES: &str = "hack/tools/kubernetes";
const ETCD: &str = "hack/tools/etcd";
const HELM: &str = "hack/tools/helm";
const KUBECONFORM: &str = "hack/tools/kubeconform";
const COREDNS: &str = "hack/tools/coredns";

const ETCD_PACKAGE: &str = "go.etcd.io/etcd/server/v3";
const HELM_MODULE: &str = "helm.sh/helm/v4";
const KUBECONFORM_MODULE: &str = "github.com/yannh/kubeconform";
const COREDNS_PACKAGE: &str = "github.com/coredns/coredns";

/// The programs of a control plane.
pub(crate) struct Kubernetes {
    pub(crate) etcd: PathBuf,
    pub(crate) api_server: PathBuf,
    pub(crate) kubectl: PathBuf,
}

/// The programs of a whole cluster.
pub(crate) struct Node {
    pub(crate) etcd: PathBuf,
    pub(crate) api_server: PathBuf,
    pub(crate) kubectl: PathBuf,
    pub(crate) controller_manager: PathBuf,
    pub(crate) scheduler: PathBuf,
    pub(crate) proxy: PathBuf,
    pub(crate) kubelet: PathBuf,
    pub(crate) coredns: PathBuf,
}

/// Builds what is missing of them; what belongs to Debian is installed.
pub(crate) fn node(run: &RunDirectory) -> Result<Node> {
    super::node_packages()?;
    let kubernetes = kubernetes(run)?;
    let program = |name, time| kubernetes_program(run, name, time);
    let module = run.checkout(COREDNS);
    let version = version(&module, COREDNS_PACKAGE)?;
    let coredns = Cache::of_user()?.program(&format!("coredns-{version}"), "coredns", |path| {
        build(&module, COREDNS_PACKAGE, path, "-s -w", "about 3 min")
    })?;
    Ok(Node {
        etcd: kubernetes.etcd,
        api_server: kubernetes.api_server,
        kubectl: kubernetes.kubectl,
        controller_manager: program("kube-controller-manager", "about 1 min")?,
        scheduler: program("kube-scheduler", "about 1 min")?,
        proxy: program("kube-proxy", "about 1 min")?,
        kubelet: program("kubelet", "about 1 min")?,
        coredns,
    })
}

/// Those in KUBEBUILDER_ASSETS if that is set, else those built here.
pub(crate) fn kubernetes(run: &RunDirectory) -> Result<Kubernetes> {
    if let Some(assets) = assets() {
        return Ok(Kubernetes {
            etcd: asset(&assets, "etcd")?,
            api_server: asset(&assets, "kube-apiserver")?,
            kubectl: asset(&assets, "kubectl")?,
        });
    }
    Ok(Kubernetes {
        etcd: etcd(run)?,
        api_server: kubernetes_program(run, "kube-apiserver", "about 5 min")?,
        kubectl: kubernetes_program(run, "kubectl", "about 1 min")?,
    })
}

/// For a cluster that is given.
pub(crate) fn only_kubectl(run: &RunDirectory) -> Result<PathBuf> {
    match assets() {
        Some(assets) => asset(&assets, "kubectl"),
        None => kubernetes_program(run, "kubectl", "about 3 min"),
    }
}

/// Whether any of the parts is still to be built with Go.
pub(super) fn is_needed(run: &RunDirectory, given: &Given) -> Result<bool> {
    if assets().is_some() {
        return Ok(false);
    }
    let cache = Cache::of_user()?;
    let version = version(&run.checkout(KUBERNETES), "k8s.io/kubernetes")?;
    let kubernetes = |name| cache.has(&format!("kubernetes-{version}"), name);
    if given.kubeconfig.is_some() {
        return Ok(!kubernetes("kubectl"));
    }
    let etcd = self::version(&run.checkout(ETCD), ETCD_PACKAGE)?;
    let built = cache.has(&format!("etcd-{etcd}"), "etcd")
        && kubernetes("kube-apiserver")
        && kubernetes("kubectl");
    Ok(!built)
}

fn assets() -> Option<PathBuf> {
    let assets = std::env::var_os("KUBEBUILDER_ASSETS")?;
    (!assets.is_empty()).then(|| PathBuf::from(assets))
}

fn asset(assets: &Path, name: &str) -> Result<PathBuf> {
    let program = assets.join(name);
    if !program.exists() {
        bail!(
            "KUBEBUILDER_ASSETS is set, but {} is not there",
            program.display()
        );
    }
    Ok(program)
}

fn etcd(run: &RunDirectory) -> Result<PathBuf> {
    let module = run.checkout(ETCD);
    let version = version(&module, ETCD_PACKAGE)?;
    Cache::of_user()?.program(&format!("etcd-{version}"), "etcd", |path| {
        build(&module, ETCD_PACKAGE, path, "-s -w", "about 1 min")
    })
}

/// Whether helm is still to be built with Go.
pub(super) fn helm_is_needed(run: &RunDirectory) -> Result<bool> {
    Ok(given_helm().is_none() && !has(run, HELM, HELM_MODULE, "helm")?)
}

/// Whether kubeconform is still to be built with Go.
pub(super) fn kubeconform_is_needed(run: &RunDirectory) -> Result<bool> {
    Ok(!has(run, KUBECONFORM, KUBECONFORM_MODULE, "kubeconform")?)
}

fn has(run: &RunDirectory, module: &str, package: &str, name: &str) -> Result<bool> {
    let version = version(&run.checkout(module), package)?;
    Ok(Cache::of_user()?.has(&format!("{name}-{version}"), name))
}

fn given_helm() -> Option<PathBuf> {
    let helm = std::env::var_os("XTASK_HELM")?;
    (!helm.is_empty()).then(|| PathBuf::from(helm))
}

/// Renders, checks and installs the chart. That of XTASK_HELM if it is set.
pub(crate) fn helm(run: &RunDirectory) -> Result<PathBuf> {
    if let Some(helm) = given_helm() {
        return Ok(helm);
    }
    let module = run.checkout(HELM);
    let version = version(&module, HELM_MODULE)?;
    Cache::of_user()?.program(&format!("helm-{version}"), "helm", |path| {
        let package = format!("{HELM_MODULE}/cmd/helm");
        build(&module, &package, path, "-s -w", "about 3 min")
    })
}

/// Compares objects with the schemas of their kinds.
pub(crate) fn kubeconform(run: &RunDirectory) -> Result<PathBuf> {
    let module = run.checkout(KUBECONFORM);
    let version = version(&module, KUBECONFORM_MODULE)?;
    let package = format!("{KUBECONFORM_MODULE}/cmd/kubeconform");
    Cache::of_user()?.program(&format!("kubeconform-{version}"), "kubeconform", |path| {
        build(&module, &package, path, "-s -w", "about 1 min")
    })
}

fn kubernetes_program(run: &RunDirectory, name: &str, usual_time: &str) -> Result<PathBuf> {
    let module = run.checkout(KUBERNETES);
    let version = version(&module, "k8s.io/kubernetes")?;
    Cache::of_user()?.program(&format!("kubernetes-{version}"), name, |path| {
        let package = format!("k8s.io/kubernetes/cmd/{name}");
        build(
            &module,
            &package,
            path,
            &version_flags(&version),
            usual_time,
        )
    })
}

/// Without these, clients see version v0.0.0 and guess at what the server can do.
fn version_flags(version: &str) -> String {
    let mut numbers = version.trim_start_matches('v').split('.');
    let major = numbers.next().unwrap_or_default();
    let minor = numbers.next().unwrap_or_default();
    let packages = [
        "k8s.io/component-base/version",
        "k8s.io/client-go/pkg/version",
    ];
    let flags = packages.map(|package| {
        format!(" -X {package}.gitVersion={version} -X {package}.gitMajor={major} -X {package}.gitMinor={minor}")
    });
    format!("-s -w{}{}", flags[0], flags[1])
}

/// The version that the module's go.mod requires: the one place that names it.
fn version(module: &Path, package: &str) -> Result<String> {
    let file = module.join("go.mod");
    let text = std::fs::read_to_string(&file)
        .with_context(|| format!("cannot read {}", file.display()))?;
    let mut lines = text
        .lines()
        .map(|line| line.trim().trim_start_matches("require "));
    let version = lines.find_map(|line| line.strip_prefix(package)?.strip_prefix(" v"));
    let version = version.and_then(|rest| rest.split_whitespace().next());
    let version = version.with_context(|| format!("{} requires no {package}", file.display()))?;
    Ok(format!("v{version}"))
}

fn build(module: &Path, package: &str, to: &Path, flags: &str, usual_time: &str) -> Result<()> {
    let mut command = Command::new("go");
    // -v names each package as it is built: the only sign of progress that Go gives.
    command
        .current_dir(module)
        .args(["build", "-v", "-o"])
        .arg(to);
    command.args(["-ldflags", flags, package]);
    let name = package
        .trim_end_matches("/v3")
        .rsplit('/')
        .next()
        .unwrap_or(package);
    let name = if name == "server" { "etcd" } else { name };
    command::run(&format!("building {name}, {usual_time}"), &mut command)
}
