//! The harness of the tests that cross rooms: how the program, the shop and the other peers are started and ended.
