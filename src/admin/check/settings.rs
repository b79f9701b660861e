//! What can be seen without asking anybody: callback URL, keys, allowed hosts, mapping.

use super::Args;
use super::Role::{Controller, Dlq, Ingest, Receiver};
use super::report::Report;
use crate::domain::arrival::BASE_PATH_CHARACTERS_MAX;
use crate::edge::factory::AllowList;
use crate::edge::mapping::MappingFile;
use crate::process::callback_keys::CallbackKeys;
use axum::http::Uri;

/// Answers the list of allowed hosts, if it can be used.
pub(super) async fn check(args: &Args, report: &mut Report) -> Option<AllowList> {
    if args.concern(&[Controller]) {
        callbacks(args, report);
    }
    if args.concern(&[Controller, Receiver]) {
        keys(args, report).await;
    }
    if args.concern(&[Ingest, Dlq]) {
        mapping(args, report).await;
    }
    if args.concern(&[Controller]) {
        return allowed_hosts(args, report);
    }
    None
}

fn callbacks(args: &Args, report: &mut Report) {
    match &args.callback_url {
        None => report.bad("callback URL", "not set: set RESTOCK_CALLBACK_URL"),
        Some(url) => match callback_url(url) {
            Ok(None) => report.good("callback URL", url),
            Ok(Some(better)) => report.weak("callback URL", format!("{url}: {better}")),
            Err(to_do) => report.bad("callback URL", format!("{url:?} {to_do}")),
        },
    }
}

async fn mapping(args: &Args, report: &mut Report) {
    if let Some(path) = &args.mapping_file {
        match MappingFile::open(path).await {
            Ok(_) => report.good("mapping", format!("{} read", path.display())),
            Err(why) => report.bad("mapping", format!("{why}: mend it, see docs/mapping.md")),
        }
    }
}

fn allowed_hosts(args: &Args, report: &mut Report) -> Option<AllowList> {
    if args.factory_allow.is_empty() {
        report.bad("factory hosts", "none allowed: set RESTOCK_FACTORY_ALLOW");
        return None;
    }
    match AllowList::parse(&args.factory_allow) {
        Ok(allow) => {
            report.good("factory hosts", args.factory_allow.join(", "));
            Some(allow)
        }
        Err(why) => {
            report.bad("factory hosts", format!("RESTOCK_FACTORY_ALLOW: {why}"));
            None
        }
    }
}

async fn keys(args: &Args, report: &mut Report) {
    let Some(path) = &args.callback_keys_file else {
        return report.bad("callback keys", "no file: set RESTOCK_CALLBACK_KEYS_FILE");
    };
    match CallbackKeys::open(path.clone()).await {
        Ok(keys) => report.good("callback keys", format!("{} read", keys.ring().ids().len())),
        Err(why) => report.bad("callback keys", format!("{why:#}")),
    }
}

/// What is wrong with it, or how it could be better.
pub(super) fn callback_url(text: &str) -> Result<Option<&'static str>, &'static str> {
    let url: Uri = text
        .parse()
        .map_err(|_| "is no URL: set RESTOCK_CALLBACK_URL")?;
    let (Some(scheme), Some(host)) = (url.scheme_str(), url.host()) else {
        return Err("has no scheme or host: it must look like https://restock.example.com");
    };
    if !matches!(scheme, "http" | "https") {
        return Err("must begin with https:// or http://");
    }
    if url.query().is_some() || text.contains('#') || text.contains('@') {
        return Err("must be a plain base URL, without user, query or fragment");
    }
    if url.path().len() > BASE_PATH_CHARACTERS_MAX {
        return Err("has so long a path that no callback would be taken: at most 256 characters");
    }
    let here = ["localhost", "127.0.0.1", "[::1]"].contains(&host);
    Ok((scheme == "http" && !here).then_some(
        "without TLS anybody on the way can read the tokens; give the receiver an https URL",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callback_url_is_a_plain_base() {
        for good in [
            "https://restock.example.com",
            "https://a.example/base/",
            "http://127.0.0.1:8090",
        ] {
            assert_eq!(callback_url(good), Ok(None), "{good}");
        }
        assert!(matches!(
            callback_url("http://restock.example.com"),
            Ok(Some(_))
        ));
        for bad in [
            "",
            "restock.example.com",
            "/v1/arrivals",
            "ftp://restock.example.com",
            "https://user:secret@restock.example.com",
            "https://restock.example.com/?a=b",
            "https://restock.example.com/#a",
            "https://a b",
        ] {
            assert!(callback_url(bad).is_err(), "{bad}");
        }
        let long = format!("https://a.example/{}", "x".repeat(BASE_PATH_CHARACTERS_MAX));
        assert!(callback_url(&long).unwrap_err().contains("256"));
    }
}
