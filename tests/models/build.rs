//! Has `lift/src/pool/mod.rs` take loom's primitives.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-cfg=lift_loom");
}
