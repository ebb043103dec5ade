//! The desk under a model checker: threads that take, give back and give up sessions, in thousands of orders of their steps
//! (shuttle). The machine's own rules are in [`super::properties`].

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;

use super::desk::{Desk, Errand};
use super::machine::Machine;
use super::words::PoolLimits;

/// Orders that are tried.
const ORDERS: usize = 20_000;

struct Session {
    users: AtomicUsize,
}

#[derive(Default)]
struct Count {
    made: AtomicUsize,
    ended: AtomicUsize,
}

fn limits(max: usize) -> PoolLimits {
    PoolLimits {
        min: 0,
        max,
        lifetime: Duration::from_secs(1_800),
        idle: Duration::from_secs(300),
        uses: 3,
        patience: Duration::from_secs(60),
        refill: Duration::ZERO,
    }
}

/// Does what the desk orders until nobody is left who could order something.
fn serve(
    desk: &Arc<Desk<u8, Session>>,
    errands: &mut mpsc::UnboundedReceiver<Errand<u8, Session>>,
    count: &Count,
    max: usize,
    is_over: &AtomicUsize,
) {
    loop {
        match errands.try_recv() {
            Ok(Errand::Make(id, _)) => {
                let there =
                    count.made.fetch_add(1, Ordering::SeqCst) + 1 - count.ended.load(Ordering::SeqCst);
                assert!(there <= max, "{there} sessions");
                let users = AtomicUsize::new(0);
                desk.made(id, Session { users });
            }
            Ok(Errand::Wipe(id, session)) => {
                assert_eq!(session.users.load(Ordering::SeqCst), 0, "somebody uses it");
                desk.tell(|machine, now| machine.wiped(id, true, now));
            }
            Ok(Errand::End(id, session)) => {
                assert_eq!(session.users.load(Ordering::SeqCst), 0, "somebody uses it");
                count.ended.fetch_add(1, Ordering::SeqCst);
                desk.ended(id, true);
            }
            Err(_) if is_over.load(Ordering::SeqCst) == 0 && desk.is_empty() => return,
            Err(_) => shuttle::thread::yield_now(),
        }
    }
}

/// Takes a session, uses it, and gives it back.
fn use_one(desk: &Arc<Desk<u8, Session>>) {
    let (_, arrival) = desk.ask(0);
    let held = shuttle::future::block_on(arrival)
        .expect("the desk answers")
        .expect("a session");
    let held = held.take();
    let users = &held.session().users;
    assert_eq!(users.fetch_add(1, Ordering::SeqCst), 0, "somebody else has it");
    shuttle::thread::yield_now();
    users.fetch_sub(1, Ordering::SeqCst);
}

/// Asks, and goes away, before the session arrives or when it is there already.
fn change_ones_mind(desk: &Arc<Desk<u8, Session>>) {
    let (waiter, arrival) = desk.ask(0);
    shuttle::thread::yield_now();
    desk.give_up(waiter);
    shuttle::thread::yield_now();
    drop(arrival);
}

#[test]
fn in_no_order_of_steps_is_a_session_lost_or_doubled() {
    shuttle::check_random(
        || {
            let max = 1;
            let (desk, mut errands) = Desk::open(limits(max), None, 1, || Duration::ZERO);
            let count = Arc::new(Count::default());
            let people = Arc::new(AtomicUsize::new(3));
            let mut threads = Vec::new();
            for person in 0..3 {
                let (desk, people) = (desk.clone(), people.clone());
                threads.push(shuttle::thread::spawn(move || {
                    match person {
                        0 => change_ones_mind(&desk),
                        _ => use_one(&desk),
                    }
                    if people.fetch_sub(1, Ordering::SeqCst) == 1 {
                        desk.tell(Machine::close);
                    }
                }));
            }
            serve(&desk, &mut errands, &count, max, &people);
            for thread in threads {
                thread.join().expect("it ends");
            }
            let (made, ended) = (&count.made, &count.ended);
            assert_eq!(made.load(Ordering::SeqCst), ended.load(Ordering::SeqCst));
        },
        ORDERS,
    );
}
