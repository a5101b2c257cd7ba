//! What the programs refuse, and how they say so: a directory that is in use, wrong usage, wrong settings.

use std::net::TcpListener;

use crate::program::{chimera, end, replay, run, start};
use crate::serving::Serving;

#[test]
fn a_second_process_on_a_data_directory_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let shop = Serving::ready(data.path());
    let file = data.path().join("retail.csv");
    std::fs::write(&file, crate::retail::file(1, 3)).unwrap();
    let commands = [
        vec!["serve", "--http", "127.0.0.1:0", "--partitions", "2"],
        vec!["demo", "--once", "--orders", "1"],
        vec!["import", "online-retail", file.to_str().unwrap()],
    ];
    for command in commands {
        run(data.path(), &command).ended_with(1).and_said("is in use by another process");
    }
    for verb in [&["status"][..], &["verify"], &["run", "--all"]] {
        replay(data.path(), verb).ended_with(1).and_said("only one process at a time may open it");
    }
    assert!(shop.stop().success(), "the first one was disturbed");
    replay(data.path(), &["status"]).ended_with(0);
}

#[test]
fn an_address_that_is_taken_is_named() {
    let data = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    run(data.path(), &["serve", "--http", &address]).ended_with(1).and_said(&address);
}

#[test]
fn wrong_usage_and_wrong_settings_end_with_64_and_touch_nothing() {
    let room = tempfile::tempdir().unwrap();
    let data = room.path().join("data");
    let settings = room.path().join("settings.toml");
    std::fs::write(&settings, "[http]\nadress = \"127.0.0.1:1\"\n").unwrap();
    let nowhere = room.path().join("nowhere.toml");
    let cases = [
        (vec!["sell"], "sell"),
        (vec![], "Usage"),
        (vec!["serve", "--fast"], "--fast"),
        (vec!["import", "online-retail"], "FILE"),
        (vec!["demo", "--orders", "many"], "--orders"),
        (vec!["serve", "--partitions", "0"], "log.partitions"),
        (vec!["serve", "--http", "here"], "http.address"),
        (vec!["serve", "--http", "0.0.0.0:0"], "auth.mode"),
        (vec!["serve", "--set", "auth.mode=jwt"], "auth.jwt_secret"),
        (vec!["serve", "--set", "orders.fee=1"], "fee"),
        (vec!["serve", "--set", "orders"], "KEY=VALUE"),
        (vec!["serve", "--config", settings.to_str().unwrap()], "adress"),
        (vec!["serve", "--config", nowhere.to_str().unwrap()], "nowhere.toml"),
    ];
    for (arguments, expected) in cases {
        let said = run(&data, &arguments);
        assert_eq!((said.code, said.out.as_str()), (64, ""), "{arguments:?}: {}", said.err);
        said.and_said(expected);
    }
    for arguments in [&["verify", "--fast"][..], &["run"], &["run", "no_such_model"], &["mend"]] {
        replay(&data, arguments).ended_with(64);
    }
    assert!(!data.exists(), "something was made");
}

#[test]
fn settings_are_shown_without_their_secret() {
    let data = tempfile::tempdir().unwrap();
    let secret = "correct horse battery staple and more";
    let mut command = chimera(&["serve", "--print-config", "--set", "auth.mode=jwt"]);
    command.arg("--data").arg(data.path()).env("CHIMERA_AUTH_JWT_SECRET", secret);
    let said = end(start(&mut command));
    said.ended_with(0);
    assert!(said.out.contains("mode = \"jwt\"") && said.out.contains("jwt_secret"), "{}", said.out);
    assert!(!said.out.contains("horse") && !said.err.contains("horse"), "{}{}", said.out, said.err);
}
