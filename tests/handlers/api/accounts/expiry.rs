//! What only time or an older store brings about, on the library itself.

use std::sync::Arc;

use sha3::{Digest, Sha3_512};
use talelio::business::{
    AccountError, AccountStore, Accounts, AccountsConfig, Clock, Credentials, Email, Jobs, NewAccount, PasswordHash,
    Registration, SecretKey, SystemClock, Tokens, Unlimited,
};
use talelio::database::Database;
use tempfile::tempdir;
use uuid::Uuid;

use crate::harness::{StandingClock, TestApp, limits, localhost};

const DAY: u32 = 24 * 60 * 60;

#[tokio::test]
async fn tokens_expire_when_they_are_read_not_when_they_are_cleaned_up() {
    let store = Arc::new(Database::embedded(None).await.unwrap());
    let clock = StandingClock::new();
    let tokens = Tokens::new(&SecretKey::new("k".repeat(32)).unwrap());
    let (email, password) = ("ada@example.com", "a good password");
    let config = AccountsConfig { allowlist: None, hashing_memory: 0, max_waiting_of_network: 8 };
    let limits = limits(Arc::new(Unlimited), &clock);
    let jobs = Arc::new(Jobs::new(Vec::new(), store.clone(), clock.clone(), Uuid::nil()));
    let accounts = Accounts::new(store, clock.clone(), Arc::new(tokens), limits, jobs, config);
    let log_in = async || {
        let credentials =
            Credentials { email: email.to_owned(), password: password.to_owned(), refresh_tokens: Vec::new() };
        accounts.log_in(credentials, localhost()).await.unwrap()
    };
    let (address, username) = (email.parse().unwrap(), "ada".parse().unwrap());
    let registration = Registration { email: address, password: password.parse().unwrap(), username };
    accounts.register(registration, localhost(), None).await.unwrap();

    let tokens = log_in().await;
    let session = accounts.authenticate(&tokens.access_token).unwrap();
    clock.advance(30 * 60);
    assert_eq!(accounts.authenticate(&tokens.access_token).unwrap_err().to_string(), "Signature has expired");
    clock.advance(7 * DAY - 30 * 60 - 1);
    accounts.authenticate(&accounts.renew(&tokens.refresh_token).await.unwrap()).unwrap();
    clock.advance(1);
    assert!(matches!(accounts.renew(&tokens.refresh_token).await, Err(AccountError::NoStoredRefreshToken)));
    assert!(matches!(accounts.log_out(&session).await, Err(AccountError::NoTokenToDelete)));

    let later = log_in().await;
    assert!(matches!(accounts.renew(&tokens.refresh_token).await, Err(AccountError::RefreshTokenMismatch)));
    accounts.renew(&later.refresh_token).await.unwrap();
}

#[tokio::test]
async fn a_password_of_the_former_system_logs_in_and_is_hashed_anew() {
    let folder = tempdir().unwrap();
    let email: Email = "ada@example.com".parse().unwrap();
    // Shorter than a new password may be.
    let digest = hex::encode(Sha3_512::digest("oldSaLtY"));
    let stored = async |database: &Database| {
        let account = database.account(&email).await.unwrap().unwrap();
        account.password.as_str().to_owned()
    };
    let log_in = async |app: &TestApp, password: &str| {
        let body = serde_json::json!({"email": "ada@example.com", "password": password});
        app.post("/v1/accounts/login", &body).await.status.as_u16()
    };
    {
        let database = Database::embedded(Some(folder.path())).await.unwrap();
        let account = NewAccount {
            created_at: SystemClock.now(),
            email: email.clone(),
            username: "ada".parse().unwrap(),
            password: PasswordHash::from_stored(format!("{digest},SaLtY")),
        };
        database.register(account, None, None).await.unwrap();
    }
    let mut app = TestApp::in_folder(folder.path());
    assert_eq!(log_in(&app, "new").await, 401);
    assert_eq!(log_in(&app, "old").await, 200);
    assert_eq!(log_in(&app, "old").await, 200, "with the new hash");
    assert_eq!(log_in(&app, "new").await, 401);
    app.process.terminate();
    app.process.wait();
    let database = Database::embedded(Some(folder.path())).await.unwrap();
    assert!(stored(&database).await.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
}
