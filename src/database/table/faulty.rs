//! An engine that is hard to reach, for tests.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;

use crate::aws;

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::database) enum Fault {
    /// It is answered.
    None,
    /// It is done, and nobody hears of it.
    LostReply,
    /// It does not get there, which nobody hears of.
    LostRequest,
    /// It is refused for now.
    Throttled,
    /// There is no connection.
    Refused,
    /// The store breaks before it does it.
    BrokenBefore,
    /// The store breaks after it did it.
    BrokenAfter,
}

/// Hands requests on to an engine, with faults.
#[derive(Clone, Debug)]
pub(super) struct FaultyEngine<E> {
    pub(super) engine: E,
    pub(super) plan: Arc<Mutex<VecDeque<Fault>>>,
}

impl<E: HttpConnector + Clone + 'static> HttpClient for FaultyEngine<E> {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl<E: HttpConnector + Clone + 'static> HttpConnector for FaultyEngine<E> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let fault = self.plan.lock().unwrap().pop_front().unwrap_or(Fault::None);
        let engine = self.engine.clone();
        HttpConnectorFuture::new(async move {
            match fault {
                Fault::None => engine.call(request).await,
                Fault::LostReply => engine.call(request).await.and(Err(ConnectorError::io("reset".into()))),
                Fault::LostRequest => Err(ConnectorError::timeout("late".into())),
                Fault::Throttled => Ok(refusal(400, "ThrottlingException")),
                Fault::Refused => Err(aws::not_connected().await),
                Fault::BrokenBefore => Ok(refusal(500, "InternalServerError")),
                Fault::BrokenAfter => engine.call(request).await.map(|_| refusal(500, "InternalServerError")),
            }
        })
    }
}

fn refusal(status: u16, code: &str) -> HttpResponse {
    let body = format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{code}","message":"no"}}"#);
    HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body))
}
