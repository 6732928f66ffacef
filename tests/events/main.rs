//! The sample events of other projects, read where they are installed: those of lift's sources reach a handler of their
//! kind, no other one is taken for one of them, and the double of AWS's gateways encodes as they do.

mod classes;
mod encoding;
mod samples;
