//! Orders and the tasks behind them.

use super::{Client, Fetched, PAGE_SIZE, paths};
use crate::truv::{
    Error,
    wire::{Invoice, NewOrder, Order, Page, RefreshRequest, Task},
};

impl Client {
    /// Places an order. Creates the person upstream, too, unless `external_user_id` names one.
    ///
    /// # Errors
    /// [`Error`]; see [`Error::outcome`] before asking again.
    pub async fn create_order(&self, order: &NewOrder) -> Result<Order, Error> {
        self.post(paths::ORDERS, &[], order).await
    }

    /// Reads an order, with the employments it brought back.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn order(&self, id: &str) -> Result<Fetched<Order>, Error> {
        self.get(paths::ORDER, &[id], &[]).await
    }

    /// One page of all orders, 100 at most. Pages count from 1; `next` of the answer tells whether another follows.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn orders(&self, page: u32) -> Result<Page<Order>, Error> {
        self.get(paths::ORDERS, &[], &[("page", &page.to_string()), ("page_size", PAGE_SIZE)]).await
    }

    /// Refreshes an order; the answer is a new order. Billed, without an idempotency key, and sent at most once.
    ///
    /// # Errors
    /// [`Error`]; after [`Outcome::Unknown`](crate::truv::Outcome::Unknown) look the refresh up before asking again, and see
    /// [`Error::is_refresh_limit`].
    pub async fn refresh_order(&self, id: &str, refresh: &RefreshRequest) -> Result<Order, Error> {
        self.post(paths::ORDER, &[id], refresh).await
    }

    /// Cancels an order. The answer's body is not documented and not looked at.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn cancel_order(&self, id: &str) -> Result<(), Error> {
        let url = paths::address(&self.base, paths::ORDER_CANCEL, &[id])?;
        self.call(reqwest::Method::POST, paths::ORDER_CANCEL, url, Some(b"{}".to_vec())).await.map(drop)
    }

    /// Reads the invoice of an order.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn invoice(&self, id: &str) -> Result<Invoice, Error> {
        self.get(paths::ORDER_INVOICE, &[id], &[]).await
    }

    /// Reads a task; the only way from a task to its order.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn task(&self, id: &str) -> Result<Task, Error> {
        self.get(paths::TASK, &[id], &[]).await
    }
}
