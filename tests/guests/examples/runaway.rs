//! Flows that never end by themselves, or end by breaking: what the engine must stop, and say where.
#![allow(
    clippy::expect_used,
    reason = "this is what a panic of a guest is tested with"
)]

use flowguard_sdk::prelude::*;
use std::hint::black_box;

flowguard_sdk::component! {
    name: "runaway",
    flows: [panics, traps, loops, fills_memory, recurses],
}

/// Finds no total and gives up.
#[flow]
fn panics() -> Result {
    read_total(&[]);
    Ok(())
}

#[inline(never)]
fn read_total(amounts: &[u32]) -> u32 {
    *amounts.first().expect("the page shows no total")
}

/// Runs into an instruction that cannot be executed.
#[flow]
fn traps() -> Result {
    divide();
    Ok(())
}

#[inline(never)]
fn divide() {
    #[cfg(target_arch = "wasm32")]
    std::arch::wasm32::unreachable()
}

/// Computes for ever.
#[flow(timeout = "1s", tags = ["endless"])]
fn loops() -> Result {
    count();
    Ok(())
}

#[inline(never)]
fn count() -> u64 {
    let mut number = 0_u64;
    loop {
        number = black_box(number.wrapping_add(1));
        if number == u64::MAX {
            return number;
        }
    }
}

/// Takes memory until it gets no more.
#[flow]
fn fills_memory() -> Result {
    let mut taken = Vec::new();
    loop {
        taken.push(black_box(vec![1_u8; 1 << 20]));
    }
}

/// Calls itself for ever.
#[flow]
fn recurses() -> Result {
    check_that("a number that is never computed", deeper(1) == 0)
}

#[inline(never)]
fn deeper(depth: u64) -> u64 {
    if depth == u64::MAX {
        return depth;
    }
    let room = black_box([depth; 16]);
    deeper(room[3] + 1) + room[7]
}
