//! The warehouse that packs the orders: another service, asked over HTTP.

use std::time::Duration;

use lift::config::{Invalid, Section, Settings};
use lift::prelude::*;

/// A client of the warehouse. Setting: `WAREHOUSE_URL`; without it there is no warehouse.
#[derive(Clone, Resource)]
#[resource(name = "warehouse-client", initialize = connect, config = Config, error = reqwest::Error)]
pub struct Warehouse {
    http: reqwest::Client,
    url: Option<String>,
}

pub struct Config {
    url: Option<String>,
}

impl Settings for Config {
    fn read(section: &mut Section<'_>) -> Result<Self, Invalid> {
        Ok(Self { url: section.optional("url")? })
    }
}

async fn connect(config: &Config, _: &lift::Init) -> Result<Warehouse, reqwest::Error> {
    let http = reqwest::Client::builder().timeout(Duration::from_secs(1)).build()?;
    Ok(Warehouse { http, url: config.url.clone() })
}

/// Orders are taken while the warehouse is away, so it only degrades the service.
#[lift::health_check(name = "warehouse", timeout = "500ms", critical = false)]
pub async fn warehouse(warehouse: Shared<Warehouse>) -> Result<Health, reqwest::Error> {
    let Some(url) = &warehouse.url else { return Ok(Health::healthy().message("not configured")) };
    warehouse.http.get(url).send().await?.error_for_status()?;
    Ok(Health::healthy())
}
