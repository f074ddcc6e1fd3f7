//! What the layer, the middleware and the guard stand among: each row of `tests/data/works_with.json` is compiled and
//! driven. README.md says the same in a table, which `cargo xtask lint` compares with that file.

mod drive;
mod live;
mod mounting;
mod pages;
mod stacks;
mod table;
mod websocket;
