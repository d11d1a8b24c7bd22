//! Kotlin: generated and written code are compiled together for the JVM, and tested there, the
//! programs of the README included. The library is found as in a jar: under JNA's name for the
//! machine, on the class path.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::{Places, carry_out, fresh_folder};

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
            &kotlin.join("scenarios/src/main/kotlin"),
            &kotlin.join("sample/src/main/kotlin"),
            &readme(places)?,
            // For Android only; what it uses of Android is declared by the second of these.
            &kotlin.join("casework/src/android/kotlin"),
            &kotlin.join("scenarios/src/standIn/kotlin"),
        ],
        &tests,
        &[&sdk],
    )?;
    let natives = natives(places)?;
    writeln!(out, "kotlin: {} and {}", sdk.display(), tests.display())?;
    for main in ["casework.KeystoreTestsKt", "casework.ScenariosKt"] {
        let mut java = Command::new("java");
        java.arg("-cp");
        java.arg(class_path(places, &[&sdk, &tests, &natives]));
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

/// The programs of the README; what they say of one machine is asked for instead.
fn readme(places: &Places) -> Result<PathBuf> {
    let folder = places.out.join("kotlin-readme");
    fresh_folder(&folder)?;
    let page = std::fs::read_to_string(places.root.join("bindings/kotlin/README.md"))?;
    for (number, block) in page.split("```kotlin\n").skip(1).enumerate() {
        let (code, _) = block
            .split_once("```")
            .context("a program in bindings/kotlin/README.md does not end")?;
        let mut code = format!("package readme\n\n{code}");
        for (literal, name) in [
            ("ws://127.0.0.1:7410", "server"),
            ("field-office", "folder"),
            ("field-inspection.json", "template"),
        ] {
            let asked = format!("System.getProperty(\"readme.{name}\")");
            code = code.replace(&format!("\"{literal}\""), &asked);
        }
        std::fs::write(folder.join(format!("Readme{}.kt", number + 1)), code)?;
    }
    Ok(folder)
}

/// A folder with the library under the name that JNA gives this machine.
fn natives(places: &Places) -> Result<PathBuf> {
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let processor = std::env::consts::ARCH.replace('_', "-");
    let folder = places.out.join("jvm");
    let machine = folder.join(format!("{system}-{processor}"));
    fresh_folder(&machine)?;
    let library = places.library();
    let name = library.file_name().context("a library has a name")?;
    std::fs::copy(&library, machine.join(name))?;
    Ok(folder)
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
