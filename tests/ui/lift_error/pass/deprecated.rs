//! What is deprecated, allowed or expected on an item is so in what is generated for it.
#![deny(warnings)]

use lift::prelude::*;

#[deprecated = "there are no letters any more"]
#[derive(Debug, Clone, Copy)]
pub struct Letter;

#[allow(deprecated)]
impl serde::Serialize for Letter {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

#[derive(Debug, LiftError)]
pub enum OrderError {
    #[deprecated]
    #[lift(status = 404)]
    Old,
    #[lift(status = 409, public = "{left} left", details(left))]
    Short {
        #[deprecated]
        left: u32,
    },
}

impl std::fmt::Display for OrderError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an order")
    }
}

impl std::error::Error for OrderError {}

#[deprecated]
#[allow(deprecated)]
#[derive(Debug, LiftError)]
#[lift(status = 410, details(letter))]
pub struct Gone {
    letter: Letter,
}

#[allow(deprecated)]
impl std::fmt::Display for Gone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("gone")
    }
}

#[allow(deprecated)]
impl std::error::Error for Gone {}

#[expect(deprecated)]
#[lift::handler(GET, "/letters")]
async fn letters() -> Result<Json<Letter>, OrderError> {
    Err(OrderError::Old)
}

#[allow(deprecated)]
#[lift::handler(POST, "/letters")]
async fn write() -> Result<(), Gone> {
    Err(Gone { letter: Letter })
}

fn main() {
    let _ = App::new("letters").handlers(lift::handlers![letters, write]);
}
