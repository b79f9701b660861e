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

/// A program that a module of its own in `hack/tools` builds; its go.mod names the version.
struct Tool {
    name: &'static str,
    /// The Go module that the version is of.
    module: &'static str,
    /// What is built.
    package: &'static str,
    usual_time: &'static str,
}

const ETCD: Tool = Tool {
    name: "etcd",
    module: "go.etcd.io/etcd/server/v3",
    package: "go.etcd.io/etcd/server/v3",
    usual_time: "about 1 min",
};
const HELM: Tool = Tool {
    name: "helm",
    module: "helm.sh/helm/v4",
    package: "helm.sh/helm/v4/cmd/helm",
    usual_time: "about 3 min",
};
const KUBECONFORM: Tool = Tool {
    name: "kubeconform",
    module: "github.com/yannh/kubeconform",
    package: "github.com/yannh/kubeconform/cmd/kubeconform",
    usual_time: "about 1 min",
};
const COREDNS: Tool = Tool {
    name: "coredns",
    module: "github.com/coredns/coredns",
    package: "github.com/coredns/coredns",
    usual_time: "about 3 min",
};

const K6: Tool = Tool {
    name: "k6",
    module: "go.k6.io/k6",
    package: "go.k6.io/k6",
    usual_time: "about 3 min",
};

impl Tool {
    fn directory(&self, run: &RunDirectory) -> PathBuf {
        run.checkout("hack/tools").join(self.name)
    }

    /// Name and version, as the cache knows it.
    fn edition(&self, run: &RunDirectory) -> Result<String> {
        let version = version(&self.directory(run), self.module)?;
        Ok(format!("{}-{version}", self.name))
    }

    fn is_built(&self, run: &RunDirectory) -> Result<bool> {
        Ok(Cache::of_user()?.has(&self.edition(run)?, self.name))
    }

    /// Builds it, unless it is there.
    fn program(&self, run: &RunDirectory) -> Result<PathBuf> {
        Cache::of_user()?.program(&self.edition(run)?, self.name, |path| {
            build(
                &self.directory(run),
                self.package,
                path,
                "-s -w",
                self.usual_time,
            )
        })
    }
}

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
    let coredns = COREDNS.program(run)?;
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
        etcd: ETCD.program(run)?,
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
    let built = ETCD.is_built(run)? && kubernetes("kube-apiserver") && kubernetes("kubectl");
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

/// Whether helm is still to be built with Go.
pub(super) fn helm_is_needed(run: &RunDirectory) -> Result<bool> {
    Ok(given_helm().is_none() && !HELM.is_built(run)?)
}

/// Whether kubeconform is still to be built with Go.
pub(super) fn kubeconform_is_needed(run: &RunDirectory) -> Result<bool> {
    Ok(!KUBECONFORM.is_built(run)?)
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
    HELM.program(run)
}

/// Runs the load scripts.
pub(crate) fn k6(run: &RunDirectory) -> Result<PathBuf> {
    K6.program(run)
}

/// Compares objects with the schemas of their kinds.
pub(crate) fn kubeconform(run: &RunDirectory) -> Result<PathBuf> {
    KUBECONFORM.program(run)
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
