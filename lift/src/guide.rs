//! How to use lift, a page for each word.

macro_rules! pages {
    ($($page:ident $file:literal $(and $more:literal)? $(with $yaml:literal)?),*) => {$(
        #[doc = include_str!(concat!("../docs/", $file))]
        $(#[doc = include_str!(concat!("../docs/", $more))])?
        $(
            #[doc = "```yaml"]
            #[doc = include_str!(concat!("../docs/", $yaml))]
            #[doc = "```"]
        )?
        pub mod $page {}
    )*};
}

pages! {
    handlers "handlers.md",
    events "events.md",
    resources "resources.md",
    backends "backends.md",
    errors "errors.md" and "failures.md",
    health "health.md" with "kubernetes.yaml",
    hosts "hosts.md",
    testing "testing.md"
}

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}
