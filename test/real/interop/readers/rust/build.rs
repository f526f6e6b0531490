//! The version that the lockfile has, for the runner to say.
fn main() {
    let lock = include_str!("Cargo.lock");
    let found = lock.split("[[package]]").find(|one| one.contains("name = \"aws-config\"")).expect("aws-config");
    let version = found.split("version = \"").nth(1).and_then(|rest| rest.split('"').next()).expect("a version");
    println!("cargo:rustc-env=READER_VERSION={version}");
}
