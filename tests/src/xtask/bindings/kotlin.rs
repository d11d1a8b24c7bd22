//! Kotlin: generated and written code are compiled together for the JVM, and tested there.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::{Places, carry_out};

/// JNA, as the system packages it.
const JNA: &str = "/usr/share/java/jna.jar";

pub(super) fn test(places: &Places, out: &mut dyn Write) -> Result<()> {
    let kotlin = places.root.join("bindings/kotlin");
    let sdk = places.out.join("casework.jar");
    let generated = places.out.join("kotlin/casework/casework.kt");
    compile(
        places,
        &[&generated, &kotlin.join("casework/src/main/kotlin")],
        &sdk,
        &[],
    )?;
    let tests = places.out.join("casework-tests.jar");
    compile(
        places,
        &[
            &kotlin.join("casework/src/test/kotlin"),
            &kotlin.join("sample/src/main/kotlin"),
            // For Android only; what it uses of Android is declared by the second of these.
            &kotlin.join("casework/src/android/kotlin"),
            &kotlin.join("casework/src/standIn/kotlin"),
        ],
        &tests,
        &[&sdk],
    )?;
    writeln!(out, "kotlin: {} and {}", sdk.display(), tests.display())?;
    for main in ["casework.KeystoreTestsKt", "casework.ScenariosKt"] {
        let mut java = Command::new("java");
        java.arg(format!("-Djna.library.path={}", places.built.display()));
        java.arg("-cp").arg(class_path(places, &[&sdk, &tests]));
        java.arg(main);
        java.env("CASEWORK_SERVER", places.server());
        java.env(
            "CASEWORK_TEMPLATE",
            places.root.join("bindings/samples/field-inspection.json"),
        );
        carry_out(&mut java, "the tests in Kotlin")?;
    }
    Ok(())
}

fn compile(places: &Places, sources: &[&Path], to: &Path, with: &[&Path]) -> Result<()> {
    let mut kotlinc = Command::new("bash");
    kotlinc.arg(places.tools.join("kotlin/package/bin/kotlinc"));
    kotlinc.args([
        "-jvm-target",
        "17",
        "-nowarn",
        "-opt-in=kotlin.RequiresOptIn",
    ]);
    kotlinc.arg("-cp").arg(class_path(places, with));
    kotlinc.arg("-d").arg(to).args(sources);
    carry_out(&mut kotlinc, "compiling Kotlin")
}

fn class_path(places: &Places, more: &[&Path]) -> String {
    let lib = places.tools.join("kotlin/package/lib");
    let mut all: Vec<PathBuf> = vec![
        lib.join("kotlin-stdlib.jar"),
        lib.join("kotlinx-coroutines-core-jvm.jar"),
        JNA.into(),
    ];
    all.extend(more.iter().map(|path| path.to_path_buf()));
    let all: Vec<String> = all.iter().map(|path| path.display().to_string()).collect();
    all.join(":")
}
