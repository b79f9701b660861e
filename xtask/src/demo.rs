//! The main job, told live: from purchases to goods, and what happens when things go wrong.

mod expect;
mod look;
mod outside;
mod report;
mod screen;
mod stage;
mod story;
mod table;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;

use self::expect::Crash;
use self::outside::Outside;
use self::stage::Stage;
use self::story::{BUYERS, End, LATE_BUYERS, OPENING_STOCK, Story};
use crate::command;
use crate::parts::{self, UpOptions};
use crate::progress::Step;
use crate::roles::{self, CONTROLLER};
use crate::setup;
use crate::shell_env;
use crate::state::{RunDirectory, State};

/// Long enough to see an order before its callback, short enough to be waited for.
const FACTORY_DELAY_MS: u64 = 3_000;
const PRODUCTS: &str = "demo-products.yaml";
/// Each takes a few seconds on an idle machine; one that builds something beside is
/// ten times slower.
const STEP_LIMIT: Duration = Duration::from_secs(90);
/// The callback deadline of 20 s and the patience after it, three times over.
const END_LIMIT: Duration = Duration::from_secs(120);

/// Options of `demo`.
#[derive(Args)]
pub(crate) struct DemoOptions {
    /// Stop everything at the end.
    #[arg(long)]
    once: bool,
    /// Allow a given part that is not on this machine.
    #[arg(long)]
    external: bool,
}

/// Shows it; succeeds only if every expectation held.
pub(crate) fn demo(run: &RunDirectory, options: &DemoOptions) -> Result<ExitCode> {
    let shown = show(run, options);
    if options.once {
        // Also after an error: that is what was asked for. The first error is the one told.
        let stopped = parts::down(run);
        return shown.and_then(|code| stopped.map(|()| code));
    }
    shown
}

fn show(run: &RunDirectory, options: &DemoOptions) -> Result<ExitCode> {
    let state = parts::up(
        run,
        &UpOptions {
            external: options.external,
            factory_delay_ms: FACTORY_DELAY_MS,
        },
    )?;
    let outside = Outside::new(&state)?;
    let story = Story::new()?;
    prepare(run, &state, &outside, &story)?;
    let mut stage = Stage::open(run, &state, &outside, &story)?;
    perform(&mut stage)?;
    stage.close()?;
    end(run, &state, &stage, options)
}

/// Products, a Factory, the roles, and an empty mailbox.
fn prepare(run: &RunDirectory, state: &State, outside: &Outside, story: &Story) -> Result<()> {
    let step = Step::begin("starting the roles: sales, relay, controller, ingest, receiver, dlq");
    run.write_private(PRODUCTS, &story.products())?;
    let file = run.path(PRODUCTS).display().to_string();
    setup::operator(run, state, &["products", "apply", "--file", &file])?;
    let factory = story::factory(&shell_env::factory_url(state));
    let mut apply = setup::kubectl(run, state);
    apply.args([
        "apply",
        "--server-side",
        "--force-conflicts",
        "--filename",
        "-",
    ]);
    command::output_of(&mut apply, &factory)?;
    roles::start_all(run, state, &[], |url| outside.problem(url))?;
    let mut wait = setup::kubectl(run, state);
    wait.args(["wait", "--for=condition=Ready", "--timeout=25s"]);
    command::output(wait.arg(format!("factory/{}", story::FACTORY)))
        .context("the controller does not find its Factory ready")?;
    outside.mail()?;
    step.done();
    Ok(())
}

fn perform(stage: &mut Stage) -> Result<()> {
    let story = stage.story;
    shop(stage)?;
    stage.say("Other shops send messages of every shape, good ones and bad ones.")?;
    for scene in story.sent() {
        let ids = stage.outside.send(scene)?;
        if scene.end == End::DeadLetter {
            stage.malformed_id = ids.concat();
        }
    }
    stage.wait("the goods of all good messages", STEP_LIMIT, |now| {
        let all = story.sent().iter().chain([story.shop()]);
        let good = all.filter(|scene| scene.end == End::Arrived);
        let mut arrived = good.map(|scene| (scene, now.count(&scene.sku, "Succeeded")));
        arrived.all(|(scene, count)| count >= scene.requests)
    })?;
    shop_again(stage)?;
    crash(stage)?;
    stage.say("The rest takes its time: the lost order's deadline, and the last notices.")?;
    stage.wait_for_all(END_LIMIT)
}

/// Buyers who come at once: each who finds nothing is a message that the shop owes.
fn shop(stage: &mut Stage) -> Result<()> {
    stage.say(&format!(
        "The shop opens: {BUYERS} buyers come at once for {OPENING_STOCK} donuts."
    ))?;
    let told = stage.outside.buy(stage.story.shop(), BUYERS)?;
    stage.told[0] = told;
    stage.say(&format!(
        "{} bought one, {} found none: each of these is a message to the topic.",
        told.sold, told.out_of_stock
    ))
}

/// Sales go on when the goods are there.
fn shop_again(stage: &mut Stage) -> Result<()> {
    let told = stage.outside.buy(stage.story.shop(), LATE_BUYERS)?;
    stage.told[1] = told;
    stage.say(&format!(
        "The goods are there: those who found none come again, and {} buy.",
        told.sold
    ))
}

/// The controller is killed when the factory has the order and has not called back.
fn crash(stage: &mut Stage) -> Result<()> {
    let sku = &stage.story.crash().sku;
    stage.outside.send(stage.story.crash())?;
    let ordered = stage.wait("an order that is under way", STEP_LIMIT, |now| {
        now.count(sku, "Awaiting") == 1 && now.orders.get(sku) == Some(&1)
    })?;
    roles::kill(stage.run, CONTROLLER)?;
    stage.killed = Some(CONTROLLER);
    stage.say("The controller was killed (kill -9), its order is under way at the factory.")?;
    stage.look()?;
    let in_between = ordered && stage.now.stock.get(sku) == Some(&OPENING_STOCK);
    let stock_rose = stage.wait("the callback to raise the stock", STEP_LIMIT, |now| {
        now.stock
            .get(sku)
            .is_some_and(|stock| *stock > OPENING_STOCK)
    })?;
    stage.crash = Crash {
        in_between,
        stock_rose,
    };
    if stock_rose {
        stage.say("The goods are in stock, but no controller lives to say so.")?;
    }
    stage.say("A new controller starts.")?;
    let outside = stage.outside;
    roles::start(stage.run, stage.state, CONTROLLER, |url| {
        outside.problem(url)
    })?;
    stage.killed = None;
    stage.wait("the new controller to find them", STEP_LIMIT, |now| {
        now.count(sku, "Succeeded") == 1
    })?;
    Ok(())
}

fn end(
    run: &RunDirectory,
    state: &State,
    stage: &Stage,
    options: &DemoOptions,
) -> Result<ExitCode> {
    let expectations = stage.expectations();
    println!("{}", report::objects(run, state)?);
    println!("{}", report::stock(stage.story, &stage.now));
    println!("{}", report::mail(&stage.now));
    println!("{}", report::verdict(&expectations));
    let broken = expectations
        .iter()
        .filter(|one| one.problem.is_some())
        .count();
    if broken > 0 {
        println!(
            "{broken} of {} expectations did not hold.",
            expectations.len()
        );
    } else {
        println!("All {} expectations held.", expectations.len());
    }
    if !options.once {
        println!(
            "The roles' logs are in {}.\n",
            run.path("processes").display()
        );
        print!("{}", report::next_steps(&stage.now));
    }
    Ok(ExitCode::from(u8::from(broken > 0)))
}
