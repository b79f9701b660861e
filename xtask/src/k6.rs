//! Load on the Sales API, by the scripts in `k6/`.

use std::fs::File;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use data_encoding::HEXLOWER;
use serde_json::json;

use crate::pages;
use crate::parts::{self, UpOptions};
use crate::progress::Step;
use crate::random;
use crate::roles;
use crate::setup;
use crate::shell_env;
use crate::state::{RunDirectory, State};
use crate::tools;

/// Long enough to see a crowd wait, short enough to be waited for.
const FACTORY_DELAY_MS: u64 = 3_000;
const PRODUCTS: &str = "k6-products.yaml";
/// Of this there is more than any run can buy.
const PLENTY: &str = "K6-PLENTY";
/// A restock for all 100 buyers of a flash crowd.
const REORDER_QUANTITY: u32 = 200;

/// However many find nothing there, a product is ordered once.
const SETTINGS: [(&str, &str); 1] = [("RESTOCK_ONE_MESSAGE_AT_A_TIME", "true")];

/// Options of `k6`.
#[derive(Args)]
pub(crate) struct K6Options {
    /// What the buyers do.
    #[arg(value_enum, default_value = "smoke")]
    script: Script,
    /// A shop that is there; without it the local parts and the roles are started.
    #[arg(long)]
    url: Option<String>,
    /// Allow a given part that is not on this machine.
    #[arg(long)]
    external: bool,
}

/// A script of `k6/`.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Script {
    /// One buyer, once: every route answers as documented.
    Smoke,
    /// Up to 20 buyers of one product and back, in two minutes.
    Ramp,
    /// A hundred buyers before an empty shelf, until all are served.
    FlashCrowd,
    /// An even stream of visitors for half an hour.
    Soak,
}

/// Runs one script; the exit code is k6's, which is not 0 if a threshold is crossed.
pub(crate) fn k6(run: &RunDirectory, options: &K6Options, lock: File) -> Result<ExitCode> {
    let program = tools::k6(run)?;
    let name = options.script.to_possible_value();
    let name = name.map_or_else(String::new, |value| value.get_name().to_owned());
    let picture = run.path(&format!("k6-{name}.svg"));
    let mut k6 = Command::new(program);
    k6.args(["run", "--no-usage-report"]);
    k6.arg(run.checkout("k6").join(format!("{name}.js")));
    k6.env("SHOP_PICTURE", &picture);
    // It would fetch what it does not know.
    k6.env("K6_AUTO_EXTENSION_RESOLUTION", "false");
    if let Some(url) = &options.url {
        drop(lock);
        return ended(k6.env("SHOP_URL", url));
    }
    let up = UpOptions {
        external: options.external,
        factory_delay_ms: FACTORY_DELAY_MS,
    };
    let state = parts::up(run, &up)?;
    let (url, flash) = open(run, &state)?;
    let sku = match options.script {
        Script::FlashCrowd => flash,
        _ => PLENTY.to_owned(),
    };
    drop(lock);
    let run_ended = ended(k6.env("SHOP_URL", url).env("SHOP_SKU", sku));
    let stopped = roles::stop(run);
    run_ended.and_then(|code| stopped.map(|()| code))
}

fn ended(k6: &mut Command) -> Result<ExitCode> {
    let status = k6.status().context("cannot start k6")?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Opens a shop; its URL, and a product that is sold out and was never sold.
fn open(run: &RunDirectory, state: &State) -> Result<(String, String)> {
    let step = Step::begin("starting the shop and the roles behind it");
    let flash = format!("K6-FLASH-{}", HEXLOWER.encode(&random::key()?[..3]));
    let product = |sku: &str, stock: u32| {
        json!({
            "sku": sku, "name": "k6 donut", "price": 1_500, "openingStock": stock,
            "reorderQuantity": REORDER_QUANTITY,
        })
    };
    let products = json!({"products": [product(PLENTY, 1_000_000_000), product(&flash, 0)]});
    run.write_private(PRODUCTS, &products.to_string())?;
    let file = run.path(PRODUCTS).display().to_string();
    setup::operator(run, state, &["products", "apply", "--file", &file])?;

    let client = pages::client()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let problem = |url: &str| runtime.block_on(pages::problem(&client, url));
    roles::start_all(run, state, &SETTINGS, problem)?;
    step.done();
    Ok((shell_env::shop_origin(state), flash))
}
