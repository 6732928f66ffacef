//! The built programs, run as processes: as a server, and as a function under cargo-lambda's emulator.

mod command_line;
mod disconnect;
mod failures;
mod health;
mod hosts;
mod probes;
mod readme;
mod settings;
mod shutdown;
mod start;
mod support;
