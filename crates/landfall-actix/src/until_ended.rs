//! The body of an answer that ends with the session, for a guard that says so.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use bytes::Bytes;
use landfall::adapter::UntilEnded;
use pin_project_lite::pin_project;

/// The same answer, whose body ends when the session does.
pub(crate) fn ending<B: MessageBody + 'static>(
    response: ServiceResponse<B>,
    until: UntilEnded,
) -> ServiceResponse<BoxBody> {
    let size = response.response().body().size();
    let is_sized = response.headers().contains_key(CONTENT_LENGTH) || matches!(size, BodySize::Sized(_));
    let content_type = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let until = until.answered(response.status().as_u16(), content_type, is_sized);
    response.map_body(|_, body| BoxBody::new(Ending { body, until }))
}

pin_project! {
    struct Ending<B> {
        #[pin]
        body: B,
        until: UntilEnded,
    }
}

impl<B: MessageBody> MessageBody for Ending<B> {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.project();
        let said = this.body.poll_next(cx);
        this.until.pass(said, cx).map(|piece| {
            piece.map(|piece| match piece {
                Ok(piece) => piece.map_err(Into::into),
                Err(over) => Err(over.into()),
            })
        })
    }
}
