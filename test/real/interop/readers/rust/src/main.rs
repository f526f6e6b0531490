//! An app with Rust's SDK, told nothing but its environment: a JSON question on each line of stdin, one answer out.
use aws_credential_types::provider::ProvideCredentials;
use serde_json::{json, Map, Value};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io::{stdin, BufRead};

type Failure = Box<dyn std::error::Error>;

fn digest(value: &str) -> String {
    Sha256::digest(value).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Loopback speaks http, so that no TLS has to be built.
async fn start() -> aws_config::SdkConfig {
    let http = aws_smithy_http_client::Builder::new().build_http();
    aws_config::from_env().http_client(http).load().await
}

/// Keys never leave in the clear: digests are compared.
async fn credentials(config: &aws_config::SdkConfig) -> Result<Value, Failure> {
    let provider = config.credentials_provider().ok_or("no credentials")?;
    let found = provider.provide_credentials().await?;
    let mut keys = Map::new();
    keys.insert("id".into(), json!(found.access_key_id()));
    keys.insert("secret".into(), json!(digest(found.secret_access_key())));
    let token = found.session_token();
    keys.insert("token".into(), json!(token.map(|token| if token.is_empty() { String::new() } else { digest(token) })));
    if let Some(account) = found.account_id() {
        keys.insert("account".into(), json!(account.as_str()));
    }
    if let Some(expires) = found.expiry() {
        let seconds = expires.duration_since(std::time::UNIX_EPOCH)?.as_secs();
        keys.insert("expires".into(), json!(seconds));
    }
    Ok(json!({ "keys": keys }))
}

async fn call(config: &aws_config::SdkConfig) -> Result<Value, Failure> {
    let found = aws_sdk_sts::Client::new(config).get_caller_identity().send().await?;
    Ok(json!({ "arn": found.arn() }))
}

async fn answer(question: &Value, kept: &mut HashMap<String, aws_config::SdkConfig>) -> Result<Value, Failure> {
    if question["ask"] == "version" {
        return Ok(json!({ "version": env!("READER_VERSION") }));
    }
    let config = match question["kept"].as_str() {
        None => start().await,
        Some(name) => {
            if !kept.contains_key(name) {
                kept.insert(name.into(), start().await);
            }
            kept[name].clone()
        }
    };
    if question["ask"] == "use" {
        return call(&config).await;
    }
    credentials(&config).await
}

/// With its causes, which Rust's SDK leaves out of the first.
fn words(error: &(dyn std::error::Error + 'static)) -> String {
    let mut said = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        said = format!("{said}: {cause}");
        next = cause.source();
    }
    said
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut kept = HashMap::new();
    let mut given: Vec<String> = Vec::new();
    for line in stdin().lock().lines() {
        let question: Value = serde_json::from_str(&line.expect("a line")).expect("JSON");
        for name in given.drain(..) {
            std::env::remove_var(name);
        }
        if let Some(environment) = question["env"].as_object() {
            for (name, value) in environment {
                std::env::set_var(name, value.as_str().unwrap_or_default());
                given.push(name.clone());
            }
        }
        let found = runtime.block_on(answer(&question, &mut kept));
        let found = found.unwrap_or_else(|error| json!({ "error": words(error.as_ref()) }));
        println!("{found}");
    }
}
