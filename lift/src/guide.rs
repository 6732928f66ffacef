//! How to use lift, a page for each word.

macro_rules! pages {
    ($($page:ident $file:literal),*) => {$(
        #[doc = include_str!(concat!("../docs/", $file))]
        pub mod $page {}
    )*};
}

pages! {
    handlers "handlers.md",
    resources "resources.md",
    backends "backends.md",
    errors "errors.md",
    health "health.md",
    hosts "hosts.md",
    testing "testing.md"
}

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}
