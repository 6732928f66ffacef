//! Handlers in modules and functions, with every visibility, attribute and name.
#![deny(warnings, dead_code, missing_docs, missing_debug_implementations, unreachable_pub, unused_qualifications)]

mod orders {
    /// One order.
    ///
    /// # Errors
    /// Never.
    #[lift::handler(GET, "/orders/{id}")]
    #[allow(clippy::unused_async)]
    pub(crate) async fn one(id: u64) -> Result<String, lift::Error> {
        Ok(id.to_string())
    }

    #[lift::handler(GET, "/orders")]
    pub(crate) async fn all() {}

    pub(super) mod lines {
        #[doc = "Lines."]
        #[lift::handler(GET, "/lines")]
        pub(in crate::orders) async fn hidden() {}

        pub(crate) fn handlers() -> lift::__private::Handlers {
            lift::handlers![hidden]
        }
    }
}

#[cfg(unix)]
#[lift::handler(GET, "/os")]
async fn os() -> &'static str {
    "unix"
}

#[lift::handler(GET, "/os")]
#[cfg(not(unix))]
async fn os() -> &'static str {
    "other"
}

// Names that generated code uses itself.
#[lift::handler(GET, "/request/{request}")]
async fn request(request: String) -> String {
    request
}

#[lift::handler(GET, "/probe")]
async fn probe(a0: String) -> String {
    a0
}

struct Probe;
struct Handler;
struct Other;
struct Argument(String);

impl From<Argument> for String {
    fn from(argument: Argument) -> Self {
        argument.0
    }
}

impl std::str::FromStr for Argument {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

#[lift::handler(GET, "/types/{argument}")]
async fn types(argument: Argument) -> String {
    let _ = (Probe, Handler, Other);
    argument.into()
}

#[deprecated]
#[lift::handler(GET, "/old")]
async fn old() {}

#[allow(deprecated)]
fn main() {
    #[lift::handler(GET, "/local")]
    async fn local() {}

    let _ = lift::handlers![orders::one, orders::all, os, request, probe, types, old, local];
    let _ = orders::lines::handlers();
}
