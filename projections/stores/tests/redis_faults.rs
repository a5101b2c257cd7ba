//! The key-values on a Redis that is down, slow, cut off in mid-sentence, full, or no longer knows what it has confirmed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "these are tests")]

mod redis_stack;

use std::time::{Duration, Instant};

use chimera_model::KvMutation;
use chimera_stores::contract::proxy::Proxy;
use chimera_stores::{Checkpoint, KvReader, KvWriter, RedisKv, RedisOptions, StoreError};
use redis_stack::{Own, SPACE, VIEW, at, is_there, mutation, mutations, run};

/// A store behind a proxy, and one beside it.
async fn behind_proxy(own: &Own) -> (Proxy, RedisKv, RedisKv) {
    let proxy = Proxy::to(&own.address()).await.unwrap();
    let options = RedisOptions {
        answer_within: Duration::from_secs(1),
        connect_within: Duration::from_secs(1),
        ..RedisOptions::new(&format!("redis://{}", proxy.address()))
    };
    let beside = RedisKv::new(&RedisOptions::new(&own.url())).unwrap();
    beside.create(VIEW, &[&SPACE]).await.unwrap();
    (proxy, RedisKv::new(&options).unwrap(), beside)
}

/// Tries again as a worker does: a busy machine may take longer than these stores wait.
async fn patiently(store: &RedisKv, mutations: &[KvMutation], checkpoints: &[Checkpoint]) {
    let began = Instant::now();
    loop {
        match store.apply(VIEW, mutations, checkpoints).await {
            Ok(()) => return,
            Err(StoreError::Transient(_)) if began.elapsed() < Duration::from_mins(1) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

async fn count(store: &RedisKv) -> usize {
    store.scan(VIEW, &SPACE, None, 100_000).await.unwrap().items.len()
}

fn is_transient<T>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Transient(_)))
}

fn went_back<T>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::WentBack(_)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_down_is_found_at_once_and_so_is_its_return() {
    if !is_there() {
        return;
    }
    let own = Own::start(&[]);
    let (proxy, store, _) = behind_proxy(&own).await;
    patiently(&store, &mutations(10, 1), &[at(0, 10)]).await;
    proxy.refuse();
    let asked = Instant::now();
    assert!(is_transient(&store.get(VIEW, &SPACE, "P-1").await));
    assert!(is_transient(&store.apply(VIEW, &mutations(10, 2), &[at(0, 20)]).await));
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    proxy.pass();
    assert!(store.get(VIEW, &SPACE, "P-1").await.unwrap().is_some());
    patiently(&store, &mutations(10, 2), &[at(0, 20)]).await;
    // A reader does not even notice that connections were closed meanwhile.
    proxy.cut();
    assert!(store.get(VIEW, &SPACE, "P-1").await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_does_not_answer_holds_nobody_for_long() {
    if !is_there() {
        return;
    }
    let own = Own::start(&[]);
    let (proxy, store, beside) = behind_proxy(&own).await;
    patiently(&store, &[], &[]).await;
    proxy.stall();
    let asked = Instant::now();
    let readers = (0..20).map(|_| store.get(VIEW, &SPACE, "P-1"));
    let (batch, checkpoints) = (mutations(5_000, 1), [at(0, 1)]);
    let writer = store.apply(VIEW, &batch, &checkpoints);
    let (read, written) = tokio::join!(futures_util::future::join_all(readers), writer);
    assert!(read.iter().all(is_transient) && is_transient(&written));
    // New connections hang as well; those who wait for one share the wait.
    let readers = (0..20).map(|_| store.get(VIEW, &SPACE, "P-1"));
    let read = futures_util::future::join_all(readers).await;
    assert!(read.iter().all(is_transient));
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    proxy.pass();
    patiently(&store, &batch, &checkpoints).await;
    assert_eq!(count(&beside).await, 5_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_of_a_batch_is_never_under_a_checkpoint_and_the_next_attempt_completes_it() {
    if !is_there() {
        return;
    }
    let own = Own::start(&[]);
    let (proxy, store, beside) = behind_proxy(&own).await;
    let batch = mutations(4_000, 1);
    proxy.refuse_after_requests(300_000);
    assert!(is_transient(&store.apply(VIEW, &batch, &[at(0, 4_000)]).await));
    let written = count(&beside).await;
    assert!(0 < written && written < 4_000, "{written}");
    assert_eq!(beside.checkpoints(VIEW).await, Ok(vec![]));
    proxy.pass();
    proxy.refuse_after_answers(2_000);
    assert!(is_transient(&store.apply(VIEW, &batch, &[at(0, 4_000)]).await));
    assert_eq!(beside.checkpoints(VIEW).await, Ok(vec![]));
    proxy.pass();
    patiently(&store, &batch, &[at(0, 4_000)]).await;
    assert_eq!(count(&beside).await, 4_000);
    assert_eq!(beside.checkpoints(VIEW).await, Ok(vec![at(0, 4_000)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_redis_asks_for_patience_and_lets_go_of_old_generations() {
    if !is_there() {
        return;
    }
    let own = Own::start(&["--maxmemory", "4mb", "--maxmemory-policy", "noeviction"]);
    let store = RedisKv::new(&RedisOptions::new(&own.url())).unwrap();
    store.create(VIEW, &[&SPACE]).await.unwrap();
    store.apply(VIEW, &[mutation(0, 1)], &[at(0, 1)]).await.unwrap();
    let full = store.apply(VIEW, &mutations(50_000, 2), &[at(0, 50_000)]).await;
    assert!(matches!(full, Err(StoreError::Saturated(_))), "{full:?}");
    assert_eq!(store.checkpoints(VIEW).await, Ok(vec![at(0, 1)]));
    store.remove(VIEW).await.unwrap();
    store.create(VIEW, &[&SPACE]).await.unwrap();
    store.apply(VIEW, &mutations(100, 2), &[at(0, 100)]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_comes_back_empty_has_gone_back() {
    if !is_there() {
        return;
    }
    let mut own = Own::start(&[]);
    let store = RedisKv::new(&RedisOptions::new(&own.url())).unwrap();
    for flushed in [true, false] {
        store.create(VIEW, &[&SPACE]).await.unwrap();
        store.apply(VIEW, &mutations(10, 1), &[at(0, 10), at(1, 5)]).await.unwrap();
        if flushed {
            run(&own.url(), &["FLUSHALL"]);
        } else {
            own.kill_and_restart();
            // The first request finds its connection closed.
            assert!(is_transient(&store.apply(VIEW, &[], &[]).await));
        }
        assert!(is_transient(&store.get(VIEW, &SPACE, "P-1").await));
        for _ in 0..2 {
            assert!(went_back(&store.apply(VIEW, &[mutation(9, 11)], &[at(0, 11)]).await));
        }
        assert_eq!(store.generations(VIEW.model).await, Ok(vec![]));
        store.create(VIEW, &[&SPACE]).await.unwrap();
        assert_eq!(store.checkpoints(VIEW).await, Ok(vec![]));
        store.apply(VIEW, &mutations(10, 1), &[at(0, 10)]).await.unwrap();
        // The writer of the other partition has not been told yet, whoever has read checkpoints since.
        assert!(went_back(&store.apply(VIEW, &[mutation(9, 6)], &[at(1, 6)]).await));
        store.apply(VIEW, &mutations(10, 1), &[at(1, 5)]).await.unwrap();
        assert_eq!(count(&store).await, 10);
        store.remove(VIEW).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_without_its_last_writes_is_fed_from_where_it_stands() {
    if !is_there() {
        return;
    }
    let mut own = Own::start(&[]);
    let store = RedisKv::new(&RedisOptions::new(&own.url())).unwrap();
    store.create(VIEW, &[&SPACE]).await.unwrap();
    store.apply(VIEW, &mutations(10, 1), &[at(0, 10)]).await.unwrap();
    run(&own.url(), &["SAVE"]);
    store.apply(VIEW, &mutations(10, 2), &[at(0, 20)]).await.unwrap();
    own.kill_and_restart();
    // A look at the checkpoints must not make anybody believe that nothing happened.
    assert_eq!(store.checkpoints(VIEW).await, Ok(vec![at(0, 10)]));
    assert!(is_transient(&store.apply(VIEW, &[], &[]).await));
    assert!(went_back(&store.apply(VIEW, &[mutation(10, 3)], &[at(0, 30)]).await));
    assert_eq!(store.checkpoints(VIEW).await, Ok(vec![at(0, 10)]));
    assert_eq!(store.get(VIEW, &SPACE, "P-1").await.unwrap().unwrap().parts["product"].0, 1);
    store.apply(VIEW, &mutations(10, 2), &[at(0, 20)]).await.unwrap();
    store.apply(VIEW, &mutations(11, 3), &[at(0, 30)]).await.unwrap();
    assert_eq!(store.checkpoints(VIEW).await, Ok(vec![at(0, 30)]));
}

#[tokio::test]
async fn scripts_that_were_forgotten_are_loaded_again() {
    if !is_there() {
        return;
    }
    let own = Own::start(&[]);
    let store = RedisKv::new(&RedisOptions::new(&own.url())).unwrap();
    store.create(VIEW, &[&SPACE]).await.unwrap();
    for version in 1..=3 {
        store.apply(VIEW, &mutations(3, version), &[at(0, version)]).await.unwrap();
        run(&own.url(), &["SCRIPT", "FLUSH"]);
    }
    assert_eq!(store.checkpoints(VIEW).await, Ok(vec![at(0, 3)]));
}

#[tokio::test]
async fn a_redis_that_evicts_our_keys_is_refused() {
    if !is_there() {
        return;
    }
    let own = Own::start(&["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"]);
    let store = RedisKv::new(&RedisOptions::new(&own.url())).unwrap();
    let Err(StoreError::Fatal(text)) = store.create(VIEW, &[&SPACE]).await else { panic!() };
    assert!(text.contains("maxmemory-policy"), "{text}");
    run(&own.url(), &["CONFIG", "SET", "maxmemory-policy", "volatile-lru"]);
    store.create(VIEW, &[&SPACE]).await.unwrap();
}

#[tokio::test]
async fn a_refused_login_says_what_to_check_and_keeps_the_password() {
    if !is_there() {
        return;
    }
    let own = Own::start(&["--requirepass", "right-password"]);
    for login in ["", ":wrong-password@"] {
        let url = own.url().replace("//", &format!("//{login}"));
        let store = RedisKv::new(&RedisOptions::new(&url)).unwrap();
        let Err(StoreError::Fatal(text)) = store.create(VIEW, &[&SPACE]).await else { panic!() };
        assert!(text.contains("check user and password"), "{text}");
        assert!(!text.contains("wrong-password"), "{text}");
    }
    let url = own.url().replace("//", "//:right-password@");
    RedisKv::new(&RedisOptions::new(&url)).unwrap().create(VIEW, &[&SPACE]).await.unwrap();
}

#[test]
fn a_url_that_is_none_is_refused_without_showing_it() {
    for url in ["", "http://secret@host", "rediss://user:secret@host"] {
        let Err(StoreError::Fatal(text)) = RedisKv::new(&RedisOptions::new(url)).map(drop) else {
            panic!("{url}")
        };
        assert!(!text.contains("secret"), "{text}");
    }
}
