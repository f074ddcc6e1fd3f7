//! The body of an answer that ends with the session, for a guard that says so.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Response;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use http_body::{Body, Frame, SizeHint};
use landfall::adapter::UntilEnded;
use pin_project_lite::pin_project;

use crate::convert::{BoxError, ResponseBody};

/// The same answer, whose body ends when the session does.
pub(crate) fn ending<B>(response: Response<B>, until: UntilEnded) -> Response<ResponseBody>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let is_sized =
        response.headers().contains_key(CONTENT_LENGTH) || response.body().size_hint().exact().is_some();
    let content_type = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let until = until.answered(response.status().as_u16(), content_type, is_sized);
    response.map(|body| ResponseBody::new(Ending { body, until }))
}

pin_project! {
    struct Ending<B> {
        #[pin]
        body: B,
        until: UntilEnded,
    }
}

impl<B> Body for Ending<B>
where
    B: Body<Data = Bytes, Error: Into<BoxError>>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.project();
        let said = this.body.poll_frame(cx);
        this.until.pass(said, cx).map(|frame| {
            frame.map(|frame| match frame {
                Ok(frame) => frame.map_err(Into::into),
                Err(over) => Err(over.into()),
            })
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
