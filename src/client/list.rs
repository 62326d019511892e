//! Listings: a page, and a stream over all of them that ends whatever the service answers.

use std::collections::HashSet;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::vec;

use futures_core::Stream;
use serde::{Deserialize, Deserializer};

use super::WebhookClient;
use super::error::ClientError;
use super::webhook::Webhook;
use crate::limits::{MAX_PAGE_TOKEN_BYTES, MAX_PAGES};

/// Holds one page of a listing.
///
/// # Examples
/// See [`WebhookClient::list_page`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct WebhookPage {
    /// The webhooks on it.
    #[serde(default, deserialize_with = "or_default")]
    pub webhooks: Vec<Webhook>,
    /// What the page after it is asked for with; none on the last.
    #[serde(default)]
    pub next_page_token: Option<String>,
}

impl WebhookPage {
    /// The page with a token that can be sent back, or none.
    pub(super) fn checked(mut self) -> Result<Self, ClientError> {
        match self.next_page_token.as_ref().map_or(0, String::len) {
            0 => {
                self.next_page_token = None;
                Ok(self)
            }
            1..=MAX_PAGE_TOKEN_BYTES => Ok(self),
            _ => Err(ClientError::AnswerUnreadable),
        }
    }
}

/// Reads `null` like a member that is not there.
fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Lists all webhooks, fetching a page when the one before is read; made by
/// [`WebhookClient::list`].
///
/// It ends after the last webhook, or after the first error. A service that gives a page token
/// again, or more than 1000 pages, is [`ClientError::PagesDoNotEnd`].
///
/// # Examples
/// ```no_run
/// use gemini_webhooks::client::{ClientError, WebhookClient};
///
/// # async fn example(client: WebhookClient) -> Result<(), ClientError> {
/// let mut webhooks = client.list().page_size(1000);
/// while let Some(webhook) = webhooks.next().await {
///     println!("{:?}", webhook?);
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a stream does nothing until it is read"]
pub struct WebhookStream {
    client: WebhookClient,
    page_size: u16,
    /// What is left of the page at hand.
    webhooks: vec::IntoIter<Webhook>,
    next: Next,
    /// Every page token that was used.
    tokens: HashSet<String>,
}

enum Next {
    Page(Option<String>),
    Fetching(Pin<Box<dyn Future<Output = Result<WebhookPage, ClientError>> + Send>>),
    End,
}

impl WebhookStream {
    pub(super) fn new(client: WebhookClient, page_size: u16) -> Self {
        let (webhooks, tokens) = (Vec::new().into_iter(), HashSet::new());
        Self { client, page_size, webhooks, next: Next::Page(None), tokens }
    }

    /// Sets how many webhooks are asked for at once, from 1 to 1000; 50 if not set. Another number
    /// is [`ClientError::InvalidRequest`] when the stream is read.
    pub fn page_size(mut self, page_size: u16) -> Self {
        self.page_size = page_size;
        self
    }

    /// Returns the next webhook, an error, or `None` when there is no more.
    ///
    /// # Errors
    /// What [`WebhookClient::list_page`] gives, and [`ClientError::PagesDoNotEnd`].
    pub async fn next(&mut self) -> Option<Result<Webhook, ClientError>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    fn fetch(&self, token: Option<String>) -> Next {
        let (client, page_size) = (self.client.clone(), self.page_size);
        Next::Fetching(Box::pin(async move { client.list_page(page_size, token.as_deref()).await }))
    }

    /// Takes a page in, and finds out what comes after it.
    fn take(&mut self, page: WebhookPage) -> Result<(), ClientError> {
        if let Some(token) = page.next_page_token {
            // The first page had no token: so far there are as many pages as tokens, and one more.
            let pages = self.tokens.len().saturating_add(1);
            if pages >= MAX_PAGES || !self.tokens.insert(token.clone()) {
                return Err(ClientError::PagesDoNotEnd);
            }
            self.next = Next::Page(Some(token));
        }
        self.webhooks = page.webhooks.into_iter();
        Ok(())
    }
}

impl Stream for WebhookStream {
    type Item = Result<Webhook, ClientError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(webhook) = self.webhooks.next() {
                return Poll::Ready(Some(Ok(webhook)));
            }
            match &mut self.next {
                Next::Page(token) => {
                    let token = token.take();
                    self.next = self.fetch(token);
                }
                Next::Fetching(page) => {
                    let page = ready!(page.as_mut().poll(context));
                    self.next = Next::End;
                    if let Err(error) = page.and_then(|page| self.take(page)) {
                        return Poll::Ready(Some(Err(error)));
                    }
                }
                Next::End => return Poll::Ready(None),
            }
        }
    }
}

impl fmt::Debug for WebhookStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookStream")
            .field("client", &self.client)
            .field("page_size", &self.page_size)
            .finish_non_exhaustive()
    }
}
