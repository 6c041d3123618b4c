//! The contract, told over HTTP against the real program.
//!
//! Each test starts a program of its own on a free port with a store of its own.
//! What it talks to is chosen by one variable, `TALELIO_TEST`:
//!
//! * unset: the HTTP server on the embedded store;
//! * `dynamodb=<endpoint>`: the HTTP server on a DynamoDB-compatible engine;
//! * `s3=<endpoint>`: the HTTP server on the embedded store, with its images in
//!   an S3-compatible storage;
//! * `nginx=<image>`: the HTTP server behind NGINX in a container of its own; with
//!   TLS if `TALELIO_TEST_CERTIFICATES` is a folder of `ca.pem` and of what certbot
//!   keeps under `live/localhost`;
//! * `lambda=<program>`: the program under AWS's runtime interface emulator,
//!   whose requests come as events of all four kinds in turn; what is about
//!   production then uses the engine at `TALELIO_TEST_DYNAMODB`.
//!
//! What is about HTTP itself, the command line or the files always runs against
//! the HTTP server or the program as it is.

mod api;
mod cli;
mod consumed_capacity;
mod data_folder;
mod harness;
mod http;
mod limits;
mod mail;
mod memory;
mod openapi;
mod pages;
mod readme;
mod response_cache;
mod runtimes;
mod unavailable;
