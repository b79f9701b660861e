//! SQS, SNS, SES and Secrets Manager on loopback, for development and tests.
//!
//! `local-aws PORT` listens on 127.0.0.1:PORT and keeps everything in memory.
//! `GET /_local/mails` lists the mails sent through SES, oldest first.

mod moves;

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Extension, State};
use axum::routing::get;
use axum::{Json, Router};
use fakecloud_core::delivery::DeliveryBus;
use fakecloud_core::dispatch::{DispatchConfig, dispatch};
use fakecloud_core::multi_account::MultiAccountState;
use fakecloud_core::registry::ServiceRegistry;
use fakecloud_secretsmanager::SecretsManagerService;
use fakecloud_ses::{SesV2Service, SharedSesState};
use fakecloud_sns::{SharedSnsState, SnsService};
use fakecloud_sqs::SqsService;
use fakecloud_sqs::delivery::SqsDeliveryImpl;
use moves::Sqs;
use parking_lot::RwLock;
use serde_json::{Value, json};

const ACCOUNT: &str = "000000000000";
const REGION: &str = "us-east-1";

/// The crates keep every mail and every publication for ever. A test run sends
/// a few thousand; ten thousand small texts are some 20 MB.
const KEPT_RECORDS_MAX: usize = 10_000;
const TRIM_INTERVAL: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> ExitCode {
    let Some(port) = std::env::args().nth(1).and_then(|text| text.parse().ok()) else {
        eprintln!("usage: local-aws PORT");
        return ExitCode::from(2);
    };
    match serve(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("local-aws: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(address: SocketAddr) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind(address).await?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    let sqs = Arc::new(RwLock::new(MultiAccountState::new(
        ACCOUNT, REGION, &endpoint,
    )));
    let sns: SharedSnsState = Arc::new(RwLock::new(MultiAccountState::new(
        ACCOUNT, REGION, &endpoint,
    )));
    let ses: SharedSesState = Arc::new(RwLock::new(MultiAccountState::new(
        ACCOUNT, REGION, &endpoint,
    )));
    let secrets = Arc::new(RwLock::new(MultiAccountState::new(
        ACCOUNT, REGION, &endpoint,
    )));

    let delivery =
        Arc::new(DeliveryBus::new().with_sqs(Arc::new(SqsDeliveryImpl::new(sqs.clone()))));
    let mut registry = ServiceRegistry::new();
    let service = SqsService::new(sqs.clone()).with_region(REGION);
    registry.register(Arc::new(Sqs::new(service, sqs)));
    registry.register(Arc::new(
        SnsService::new(sns.clone(), delivery).with_region(REGION),
    ));
    registry.register(Arc::new(SesV2Service::new(ses.clone())));
    registry.register(Arc::new(SecretsManagerService::new(secrets)));

    tokio::spawn(trim(sns, ses.clone()));
    let router = Router::new()
        .route("/_local/mails", get(mails))
        .with_state(ses)
        .fallback(dispatch)
        .layer(Extension(Arc::new(registry)))
        .layer(Extension(Arc::new(DispatchConfig::new(REGION, ACCOUNT))))
        .into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, router).await
}

async fn mails(State(ses): State<SharedSesState>) -> Json<Value> {
    let ses = ses.read();
    let sent = ses.default_ref().sent_emails.iter();
    let sent = sent.map(|mail| {
        json!({
            "id": mail.message_id,
            "from": mail.from,
            "to": mail.to,
            "subject": mail.subject,
            "text": mail.text_body,
            "html": mail.html_body,
            "at": mail.timestamp.to_rfc3339(),
        })
    });
    Json(Value::Array(sent.collect()))
}

async fn trim(sns: SharedSnsState, ses: SharedSesState) {
    loop {
        tokio::time::sleep(TRIM_INTERVAL).await;
        for (_, _, state) in sns.write().iter_regional_mut() {
            drop_oldest(&mut state.published);
        }
        drop_oldest(&mut ses.write().default_mut().sent_emails);
    }
}

fn drop_oldest<T>(records: &mut Vec<T>) {
    let excess = records.len().saturating_sub(KEPT_RECORDS_MAX);
    records.drain(..excess);
}
