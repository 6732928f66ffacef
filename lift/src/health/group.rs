use super::{CheckKind, Component};

/// The names that a group cannot have, because a probe has them.
pub(crate) const TAKEN: [&str; 4] = ["ready", "live", "startup", "components"];

/// Components that are asked for together, as `/health/{name}`.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) name: &'static str,
    /// Components by name, besides those whose check says that it belongs here.
    pub(crate) members: Vec<String>,
}

impl Group {
    pub(crate) fn has(&self, component: &Component) -> bool {
        component.settings.kind == Some(CheckKind::Group(self.name)) || self.members.contains(&component.name)
    }
}
