//! What the adapters over http-body have in common: how a body is read.

use bytes::Bytes;
use http_body::Body;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use crate::error::Error;

/// What a body may fail with.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Reads a body up to the limit; one that announces more is not read at all.
pub(crate) async fn read<B>(body: B, limit: usize) -> Result<Bytes, Error>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    let too_large = Error::BodyTooLarge { limit };
    if usize::try_from(body.size_hint().lower()).map_or(true, |announced| announced > limit) {
        return Err(too_large);
    }
    match Limited::new(body, limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if is_length_limit(&*error) => Err(too_large),
        Err(_) => Err(Error::BodyInterrupted),
    }
}

/// Tells whether a limit was met: ours, or one that a layer around us has set.
fn is_length_limit(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source())
        .any(<dyn std::error::Error>::is::<LengthLimitError>)
}
