//! Tests that look at the product from outside. `house/` holds the rules of `docs/ARCHITECTURE.md` against the tree
//! itself; `api/` drives the server over real sockets. There is nothing to use here.
