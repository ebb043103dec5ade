//! Nothing: each component is an example, in `examples/`.
