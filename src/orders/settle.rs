//! Draws the consequences of news: states, failure, events, the case's standing, and the work that follows.

use chrono::{DateTime, Utc};

use super::advance::{Advanced, Open};
use super::status::{self, Standing};
use super::{Order, OrderEmployer, Task, policy, shared, store, tally};
use crate::batches;
use crate::cases;
use crate::events::{Change, Facts};
use crate::ids::{LinkId, OrderEmployerId};
use crate::jobs::{self, NewJob, Priority};
use crate::kit::Kit;
use crate::ledger::{self, Outcome};
use crate::links;
use crate::storage::{Error, Tx};
use crate::words::{CaseEventKind, CaseStatus, JobKind, OrderStatus, RestoredBy, TaskStatus};

impl Open {
    /// Derives the states, writes what changed, and draws the consequences.
    pub(super) async fn settle_in_tx(mut self, kit: &Kit, tx: &Tx) -> Result<Advanced, Error> {
        let now = kit.clock.now();
        self.derive();
        self.note_trials_in_tx(tx).await?;
        self.note_tasks_in_tx(kit, tx, now).await?;
        self.note_employers_in_tx(kit, tx, now).await?;
        self.note_restored();
        self.note_order();
        let brought_data = !self.newly(Standing::Completed).is_empty();
        let changed =
            self.order != self.before || self.employers != self.employers_before || self.tasks != self.tasks_before;
        self.order.news_at = now;
        if changed {
            self.order.updated_at = now;
            self.order.version += 1;
        }
        store::save_in_tx(tx, &self.before, &self.order, now).await?;
        self.stand_case_in_tx(tx, brought_data).await?;
        self.move_item_in_tx(kit, tx).await?;
        if brought_data {
            self.end_needless_asks_in_tx(kit, tx).await?;
        }
        self.enqueue_in_tx(kit, tx, brought_data, now).await?;
        let (order, outcomes) = (self.order.id, self.outcomes());
        self.case.save_in_tx(tx, now).await?;
        if !outcomes.is_empty() {
            // Last, because cases share the row of the month.
            ledger::settle_in_tx(tx, order, &outcomes, now).await?;
        }
        Ok(if changed { Advanced::Moved } else { Advanced::NothingNew })
    }

    fn derive(&mut self) {
        for employer in &mut self.employers {
            let tasks: Vec<Task> = self.tasks.iter().filter(|task| task.employer == employer.id).cloned().collect();
            if let Some((raw, at, task)) = status::effective(&tasks, employer.told.as_ref()) {
                employer.task_status = Some(raw);
                employer.task_at = Some(at);
                if employer.latest_task != task {
                    // The words were about another task.
                    employer.message = None;
                }
                employer.latest_task = task;
            }
        }
        if self.order.truv_order_id.is_none() {
            return;
        }
        let standings: Vec<Standing> = self.employers.iter().map(status::standing).collect();
        let derived = status::derive(&standings, self.order.canceled_at.is_some());
        self.order.status = status::next(self.order.status, derived);
        match self.order.status {
            // Silence is no failure of an employer; its words were set where it was noticed.
            OrderStatus::Stalled | OrderStatus::Rejected => {}
            // A failure beside something that still moves is its employer's alone: the order has not failed yet.
            OrderStatus::Canceled | OrderStatus::Pending | OrderStatus::InProgress => self.order.failure = None,
            _ => {
                let terms = policy::Terms::of(&self.order, Some(self.case.case().due_on));
                self.order.failure = policy::of_employers(&self.employers, &terms);
            }
        }
        if self.order.status == OrderStatus::Completed && self.order.completed_at.is_none() {
            let ends = self.employers.iter().flat_map(|employer| [employer.task_at, employer.status_at]);
            self.order.completed_at = ends.flatten().max();
        }
    }

    /// What the ends of a refresh teach about how long connections last. An outage teaches nothing.
    async fn note_trials_in_tx(&self, tx: &Tx) -> Result<(), Error> {
        if self.order.parent.is_none() || self.order.contact.is_some() {
            return Ok(());
        }
        let before = self.employers_before.iter().map(OrderEmployer::task).chain(std::iter::repeat(None));
        for (employer, before) in self.employers.iter().zip(before) {
            let (Some(link), Some(task), Some(at)) = (employer.link, employer.task(), employer.task_at) else {
                continue;
            };
            let has_worked = match task {
                TaskStatus::Done => true,
                TaskStatus::LoginError | TaskStatus::MfaError => false,
                _ => continue,
            };
            if before != Some(task) {
                links::note_trial_in_tx(tx, (self.order.agency, link), employer.id, has_worked, at).await?;
            }
        }
        Ok(())
    }

    async fn note_tasks_in_tx(&mut self, kit: &Kit, tx: &Tx, now: DateTime<Utc>) -> Result<(), Error> {
        for task in &self.tasks {
            if self.tasks_before.contains(task) {
                continue;
            }
            let message = self.employers.iter().find(|e| e.id == task.employer).and_then(|e| e.message.as_deref());
            let before = self.tasks_before.iter().find(|before| before.id == task.id);
            store::save_task_in_tx(tx, &self.order, (before, task), message, now).await?;
            self.case.note(Change {
                order: Some(self.order.id),
                employer: Some(task.employer),
                task: Some(task.id),
                facts: Facts { task_status: Some(task.raw_status.clone()), ..Facts::default() },
                ..Change::of(CaseEventKind::TaskStatusChanged)
            });
            let employer = self.employers.iter().find(|employer| employer.id == task.employer);
            let Some(link) = employer.and_then(|employer| employer.link) else { continue };
            let status = TaskStatus::parse(&task.raw_status);
            if status == TaskStatus::Done {
                // A pull that succeeds after one that failed on the same entry: the client has logged in again.
                let had_failed = self
                    .tasks
                    .iter()
                    .any(|other| other.employer == task.employer && TaskStatus::parse(&other.raw_status).is_failure());
                let is_login = had_failed || self.order.contact.is_some();
                let refreshed = links::mark_refreshed_in_tx(tx, link, task.status_at, is_login, now).await?;
                if refreshed.is_healed {
                    self.healed.insert(link);
                }
                if refreshed.is_healed || refreshed.is_first_since_login {
                    links::tell_in_tx(kit, tx, self.order.agency, link).await?;
                }
            }
        }
        Ok(())
    }

    async fn note_employers_in_tx(&mut self, kit: &Kit, tx: &Tx, now: DateTime<Utc>) -> Result<(), Error> {
        let failed: Vec<_> = [Standing::Failed, Standing::NoData, Standing::Expired]
            .into_iter()
            .flat_map(|standing| self.newly(standing))
            .collect();
        for employer in failed {
            self.case.note(Change {
                order: Some(self.order.id),
                employer: Some(employer),
                ..Change::of(CaseEventKind::RefreshFailed)
            });
        }
        for (employer, before) in self.employers.iter_mut().zip(&self.employers_before) {
            if employer == before {
                continue;
            }
            employer.updated_at = now;
            store::save_employer_in_tx(tx, &self.order, before, employer).await?;
            judge_link_in_tx(kit, tx, employer, now).await?;
        }
        Ok(())
    }

    /// A connection that the client had to mend has brought data: nobody need be asked any more, and the event says how it
    /// came back.
    fn note_restored(&mut self) {
        let restored: Vec<_> = self
            .newly(Standing::Completed)
            .into_iter()
            .filter_map(|id| self.employers.iter().find(|employer| employer.id == id))
            .filter_map(|employer| Some((employer.id, employer.link?, self.restored_by(employer)?)))
            .collect();
        for (employer, link, how) in restored {
            self.case.note(Change {
                order: Some(self.order.id),
                employer: Some(employer),
                facts: Facts { link: Some(link), restored_by: Some(how), ..Facts::default() },
                ..Change::of(CaseEventKind::ConnectionRestored)
            });
        }
    }

    /// How the connection of an entry that has completed came back; `None` for one that was not away.
    fn restored_by(&self, employer: &OrderEmployer) -> Option<RestoredBy> {
        if let Some(contact) = &self.order.contact {
            return (!contact.links.is_empty()).then_some(RestoredBy::VerificationLink);
        }
        let is_refused = |raw: &str| status::is_clients_to_mend(TaskStatus::parse(raw));
        let had_failed = self.tasks.iter().any(|task| task.employer == employer.id && is_refused(&task.raw_status))
            || self
                .employers_before
                .iter()
                .any(|before| before.id == employer.id && before.task_status.as_deref().is_some_and(is_refused));
        if had_failed {
            return Some(RestoredBy::LateLogin);
        }
        employer.link.filter(|link| self.healed.contains(link)).map(|_| RestoredBy::Refresh)
    }

    /// The employers that have come to stand there with these news.
    fn newly(&self, standing: Standing) -> Vec<OrderEmployerId> {
        let moved = self.employers.iter().zip(&self.employers_before);
        moved
            .filter(|(now, before)| status::standing(now) == standing && status::standing(before) != standing)
            .map(|(employer, _)| employer.id)
            .collect()
    }

    /// How the refreshes of connections have ended with these news.
    fn outcomes(&self) -> Vec<(OrderEmployerId, Outcome)> {
        let outcome = |standing| match standing {
            Standing::Completed => Some(Outcome::Succeeded),
            Standing::NoData | Standing::Failed | Standing::Expired | Standing::Canceled => Some(Outcome::Failed),
            Standing::Waiting | Standing::Moving => None,
        };
        let ended = |employer: &OrderEmployer| {
            // Canceling an order that Truv has ends what was still open in it.
            let canceled = self.order.status == OrderStatus::Canceled && self.order.truv_order_id.is_some();
            outcome(status::standing(employer)).or_else(|| canceled.then_some(Outcome::Failed))
        };
        let moved = self.employers.iter().zip(self.employers_before.iter().map(Some).chain(std::iter::repeat(None)));
        moved
            .filter(|(now, before)| {
                self.order.status != self.before.status || before.map(status::standing) != Some(status::standing(now))
            })
            .filter_map(|(employer, _)| Some((employer.id, ended(employer)?)))
            .collect()
    }

    fn note_order(&mut self) {
        if self.order.share_url.is_some() && self.before.share_url.is_none() && self.order.contact.is_some() {
            self.case.note(Change { order: Some(self.order.id), ..Change::of(CaseEventKind::VerificationLinkSent) });
        }
        if self.order.status != self.before.status {
            self.case.note(Change {
                order: Some(self.order.id),
                facts: Facts {
                    previous_order_status: Some(self.before.status),
                    order_status: Some(self.order.status),
                    ..Facts::default()
                },
                ..Change::of(CaseEventKind::OrderStatusChanged)
            });
        }
    }

    /// Moves the case, where this order is what its open renewal waits for.
    async fn stand_case_in_tx(&mut self, tx: &Tx, brought_data: bool) -> Result<(), Error> {
        let case = self.case.case();
        if self.order.renewal.is_none() || self.order.renewal != case.renewal {
            return Ok(());
        }
        let moved = self.order.status != self.before.status || self.order.failure != self.before.failure;
        let brings_data = policy::is_reviewable(&self.order);
        let is_latest = case.latest_order == Some(self.order.id);
        // Data is welcome from any order of the renewal, a failure only from the newest; and a review that is ready
        // stays ready, whatever becomes of an ask that has become needless.
        let counts = moved && (brings_data || (is_latest && case.status != CaseStatus::ReadyForReview));
        if !counts || (brings_data && case.status == CaseStatus::ReadyForReview) {
            return Ok(());
        }
        let standing = match self.order.status {
            OrderStatus::Canceled => self.standing_without_in_tx(tx).await?,
            _ if brought_data || self.order.status != self.before.status => policy::case_standing(&self.order),
            _ => standing_in_tx(tx, &self.order).await?,
        };
        self.case.stand(standing);
        Ok(())
    }

    /// Where the case stands once this order counts no more: as the order before it in the renewal left it, if that one
    /// brought data or waits for the client; else it is due as it was.
    async fn standing_without_in_tx(&self, tx: &Tx) -> Result<cases::Standing, Error> {
        let others = store::list_of_case(tx, self.order.case).await?;
        let mut before = others.iter().rev().filter(|other| {
            other.id != self.order.id
                && other.renewal == self.order.renewal
                && !matches!(other.status, OrderStatus::Canceled | OrderStatus::Rejected)
        });
        let missing = shared::missing_client(before.clone());
        let asks_client = |order: &Order| order.failure.as_ref().is_some_and(policy::needs_client);
        Ok(match (before.next(), missing) {
            (Some(before), _) if policy::is_reviewable(before) => standing_in_tx(tx, before).await?,
            (Some(before), Some(missing)) if asks_client(before) && !shared::is_mended_in_tx(tx, missing).await? => {
                policy::case_standing(before)
            }
            _ => cases::Standing::DUE,
        })
    }

    /// Data that came another way (the client answered Truv's own notice) makes an open ask for the same connections
    /// needless: nobody is to be reminded of it any more.
    async fn end_needless_asks_in_tx(&self, kit: &Kit, tx: &Tx) -> Result<(), Error> {
        // A client who has changed the password comes back with another connection in the place of the old one.
        let sources: Vec<_> = self.employers.iter().filter_map(|employer| employer.source).collect();
        let sources = store::find_employers(tx, self.order.agency, &sources).await?;
        let before = |employer: &OrderEmployer| {
            sources.iter().find(|source| Some(source.id) == employer.source).and_then(|source| source.link)
        };
        let mended = |link: &LinkId| {
            let is_it = |employer: &OrderEmployer| employer.link == Some(*link) || before(employer) == Some(*link);
            self.employers.iter().any(|employer| is_it(employer) && status::is_completed(employer))
        };
        for ask in store::list_of_case(tx, self.order.case).await? {
            let Some(contact) = &ask.contact else { continue };
            let is_needless = match contact.links.as_slice() {
                [] => self.order.status == OrderStatus::Completed,
                links => links.iter().all(mended),
            };
            if ask.id != self.order.id && ask.renewal == self.order.renewal && status_is_open(ask.status) && is_needless
            {
                let job = NewJob {
                    agency: ask.agency,
                    kind: JobKind::CancelOrder,
                    subject: ask.id.0,
                    priority: Priority::Background,
                    run_at: kit.clock.now(),
                };
                jobs::enqueue_in_tx(kit, tx, job).await?;
            }
        }
        Ok(())
    }

    /// Moves the item of the renewal batch that the order was made for.
    async fn move_item_in_tx(&self, kit: &Kit, tx: &Tx) -> Result<(), Error> {
        let order = &self.order;
        let Some(item) = order.batch_item else { return Ok(()) };
        if order.status == self.before.status && order.failure == self.before.failure {
            return Ok(());
        }
        match tally::told(order) {
            Some(told) => batches::follow_in_tx(kit, tx, item, order.id, told).await,
            None => Ok(()),
        }
    }

    async fn enqueue_in_tx(&self, kit: &Kit, tx: &Tx, brought_data: bool, now: DateTime<Utc>) -> Result<(), Error> {
        let order = &self.order;
        let job = |kind, run_at| NewJob {
            agency: order.agency,
            kind,
            subject: order.id.0,
            priority: Priority::of(order.is_bulk),
            run_at,
        };
        let is_settled = matches!(order.status, OrderStatus::Completed | OrderStatus::Partial | OrderStatus::Stalled);
        let has_data = self.employers.iter().any(|employer| status::standing(employer) == Standing::Completed);
        if is_settled && has_data && (brought_data || order.status != self.before.status) {
            jobs::enqueue_in_tx(kit, tx, job(JobKind::FetchReport, now)).await?;
        }
        let retry_at = order.failure.as_ref().and_then(|failure| failure.retry_at);
        if let Some(retry_at) = retry_at
            && order.failure != self.before.failure
            && !status_is_open(order.status)
        {
            jobs::enqueue_in_tx(kit, tx, job(JobKind::RetryOrder, retry_at)).await?;
        }
        if self.must_look {
            jobs::enqueue_in_tx(kit, tx, job(JobKind::PollOrder, now)).await?;
        }
        Ok(())
    }
}

/// Where an order puts its case when no more data follows: where a report is there already, its review is the next step;
/// else fetching it is.
pub(super) async fn standing_in_tx(tx: &Tx, order: &Order) -> Result<cases::Standing, Error> {
    if let Some(renewal) = order.renewal.filter(|_| policy::is_reviewable(order))
        && let Some(renewal) = cases::find_renewal_in_tx(tx, order.agency, renewal).await?
        && renewal.current.is_some()
    {
        return Ok(cases::Standing::READY);
    }
    Ok(policy::case_standing(order))
}

/// What the task of an employer entry says about its connection, whoever told it: the task itself, the order, or a look.
async fn judge_link_in_tx(kit: &Kit, tx: &Tx, employer: &OrderEmployer, now: DateTime<Utc>) -> Result<(), Error> {
    let (Some(link), Some(task), Some(at)) = (employer.link, employer.task(), employer.task_at) else { return Ok(()) };
    if policy::is_used_up(employer) {
        links::mark_limited_in_tx(tx, link, policy::allowed_after(at), now).await?;
    }
    let has_changed = if status::is_clients_to_mend(task) {
        let by = employer.task_status.as_deref().unwrap_or_default();
        links::mark_broken_in_tx(tx, link, by, at, now).await?
    } else if task.is_failure() {
        // `link-disconnected` comes with every failed refresh; this failure explains it without the client.
        links::explain_in_tx(tx, link, now).await?
    } else {
        false
    };
    if has_changed {
        links::tell_in_tx(kit, tx, employer.agency, link).await?;
    }
    Ok(())
}

fn status_is_open(status: OrderStatus) -> bool {
    store::OPEN.contains(&status)
}
