//! Every environment variable that the program reads, in one place: `--help`
//! prints this list, and `docs/configuration.md` has it.

use std::fmt::Write as _;

/// A variable, what stands for it when it is not set, and what it means.
pub(crate) struct Variable {
    pub(crate) name: &'static str,
    pub(crate) default: &'static str,
    pub(crate) meaning: &'static str,
}

const fn variable(name: &'static str, default: &'static str, meaning: &'static str) -> Variable {
    Variable { name, default, meaning }
}

pub(crate) const VARIABLES: [Variable; 39] = [
    variable("ENV", "development", "`development` or `production`"),
    variable("HOST", "127.0.0.1", "the address to listen on"),
    variable("PORT", "8000", "the port to listen on; 0 takes a free one"),
    variable(
        "METRICS_PORT",
        "",
        "the port of `/metrics` for Prometheus, on HOST; keep it from the internet. Without it, nothing is counted",
    ),
    variable(
        "METRICS_NAMESPACE",
        "",
        "on Lambda, the namespace in CloudWatch of the same metrics, which cost there; without it, nothing is counted",
    ),
    variable("SECRET_KEY", "made and kept in DATA_DIR", "signs all tokens, 32 bytes or more; required in production"),
    variable(
        "DATA_DIR",
        "./data",
        "the folder of the embedded store, the images and the outbox; `:memory:` keeps nothing",
    ),
    variable("DYNAMODB_TABLE", "", "the DynamoDB table; without it the embedded store is used"),
    variable("AWS_ENDPOINT_URL_DYNAMODB", "", "an engine other than AWS's own, such as http://127.0.0.1:8001"),
    variable("S3_BUCKET", "", "the S3 bucket of the images; without it they are kept in DATA_DIR/objects"),
    variable("AWS_ENDPOINT_URL_S3", "", "a storage other than AWS's own, such as http://127.0.0.1:9000"),
    variable(
        "AWS_REGION",
        "AWS_DEFAULT_REGION; us-east-1 with an endpoint",
        "the region of the table and the bucket; Lambda sets it",
    ),
    variable(
        "MEMORY_LIMIT",
        "that of the container or the machine",
        "how many bytes of memory there are, such as 268435456, 67108864 (64 MiB) or more; what requests may hold at once is in proportion to it",
    ),
    variable(
        "CACHE_TTL",
        "2; without DYNAMODB_TABLE until something changes",
        "how many seconds a response is cached, and with it how long a change made by another process may go unseen; 0 caches none",
    ),
    variable(
        "TRUSTED_PROXIES",
        "",
        "the addresses or networks of proxies whose `X-Forwarded-For` says where a client is, separated by commas",
    ),
    variable(
        "LIMITS",
        "on",
        "`off` lets clients do everything as often as they like; for tests, refused in production",
    ),
    variable(
        "LIMIT_LOGINS",
        "30/minute",
        "requests to log in, per second, minute, hour or day, of a network (an IPv4 address, the first half of an IPv6 address)",
    ),
    variable(
        "LIMIT_LOGIN_ATTEMPTS",
        "40/hour",
        "passwords for an account, from where nobody has logged into it before",
    ),
    variable(
        "LOGIN_PAUSE",
        "900",
        "the most seconds of a pause after wrong passwords for an account from a network; 0 for none",
    ),
    variable("LOGIN_QUEUE", "8", "how many passwords of a network may wait to be hashed, 0 to 64; of 64 in all"),
    variable("LIMIT_REGISTRATIONS", "20/hour", "requests to register, of a network"),
    variable("LIMIT_TOKENS", "120/minute", "requests for an access token, of a network and of a user"),
    variable("LIMIT_MAILS", "20/hour", "mails that a network asks for, which registering does"),
    variable("LIMIT_UPLOADS", "600/hour", "requests to upload images, of a network and of an author"),
    variable("QUOTA_MAILS", "10", "mails to an address in a day"),
    variable("QUOTA_ARTICLES", "1000", "articles and projects of an author in a day"),
    variable("QUOTA_CHANGES", "10000", "changes of articles, by an author in a day"),
    variable(
        "QUOTA_IMAGE_BYTES",
        "2147483648",
        "bytes of images of an author in a day, each image rounded up to a KiB",
    ),
    variable("API_BASE_URL", "http://127.0.0.1 with PORT", "where this API is reached, in links of mails and of /"),
    variable("SITE_BASE_URL", "https://www.talel.io", "where readers find the articles"),
    variable(
        "CORS_ORIGINS",
        "http://127.0.0.1:3000; in production https://www.talel.io,https://talel.io",
        "the origins whose scripts may call this API, separated by commas",
    ),
    variable("COOKIE_DOMAIN", "", "the domain of the refresh cookie in production, such as .talel.io"),
    variable(
        "WHITELISTED_EMAILS",
        "",
        "the addresses that may register, separated by commas; empty admits nobody, unset everybody",
    ),
    variable(
        "EMAIL_SERVER",
        "",
        "the SMTP server, `host` or `host:port`, with TLS at once on port 465, which is the default, and after STARTTLS on others; `smtp://host:port` without TLS, in development only; without it mail goes to DATA_DIR/outbox",
    ),
    variable("EMAIL_USER", "", "the user name at the SMTP server"),
    variable("EMAIL_PASS", "", "the password of EMAIL_USER"),
    variable("EMAIL_SENDER", "EMAIL_USER", "the address that mail comes from"),
    variable("RUST_LOG", "info", "what is logged, such as `warn` or `info,talelio=debug`"),
    variable("NO_COLOR", "", "when set, the log of development has no colours"),
];

/// The list as `--help` prints it.
pub(crate) fn help() -> String {
    let mut help = "Environment variables (in development also read from the file .env):\n".to_owned();
    for Variable { name, default, meaning } in &VARIABLES {
        let default = if default.is_empty() { String::new() } else { format!(" [default: {default}]") };
        let _ = writeln!(help, "  {name}\n          {meaning}{default}");
    }
    help
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generated_docs::assert_written;

    const INTRODUCTION: &str = "# Configuration

Written by `make docs` from what `talelio-backend --help` prints.

The program reads environment variables and, unless `ENV=production` is among them, the file `.env`, where `ENV` counts too. It
reports everything that is wrong with them at once, and does not start then. A `LIMIT_` or `QUOTA_` of another name is refused.

Production is `ENV=production` with a `SECRET_KEY`. It logs JSON, sends its cookie over HTTPS only, and never logs a link.

| Variable | Default | Meaning |
| --- | --- | --- |
";

    #[test]
    fn the_docs_have_every_variable() {
        let row = |Variable { name, default, meaning }: &Variable| {
            let code = if default.is_empty() || default.contains(' ') { "" } else { "`" };
            format!("| `{name}` | {code}{default}{code} | {meaning} |\n")
        };
        assert_written("docs/configuration.md", |_| {
            INTRODUCTION.to_owned() + &VARIABLES.iter().map(row).collect::<String>()
        });
    }
}
