//! Joins news into an order and draws the consequences: events, the failure, the case's standing, and the work that
//! follows. All in the transaction of the caller, who also marks the delivery that brought the news.

use chrono::{DateTime, Utc};

use super::news::{News, Said};
use super::status::{self, Standing, Told};
use super::{Order, OrderEmployer, Task, policy, store};
use crate::caller::{CaseScope, Caseload};
use crate::cases::{self, Locked};
use crate::events::{Change, Facts};
use crate::ids::{AgencyId, LinkId, OrderId};
use crate::jobs::{self, NewJob, Priority};
use crate::kit::Kit;
use crate::links;
use crate::storage::{Error, Tx};
use crate::words::{CaseEventKind, CaseStatus, JobKind, OrderStatus, TaskStatus};

/// What became of the news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Advanced {
    /// Something changed.
    Moved,
    /// All of it was known, or older than what is known.
    NothingNew,
    /// There is no such order.
    Gone,
}

/// An order in hand: its case and its own row are locked by the open transaction.
pub(super) struct Open {
    pub(super) case: Locked,
    pub(super) order: Order,
    pub(super) employers: Vec<OrderEmployer>,
    pub(super) tasks: Vec<Task>,
    before: Order,
    employers_before: Vec<OrderEmployer>,
    tasks_before: Vec<Task>,
    /// News that leave open what happened: the order must be looked at.
    must_look: bool,
}

/// Joins the news into the order.
///
/// # Errors
/// When the database fails; the caller's transaction is then rolled back.
pub(crate) async fn advance_in_tx(
    kit: &Kit,
    tx: &Tx,
    agency: AgencyId,
    id: OrderId,
    news: &News,
) -> Result<Advanced, Error> {
    let Some(mut open) = Open::load_in_tx(tx, agency, id).await? else { return Ok(Advanced::Gone) };
    if let Some(shown) = &news.shown {
        open.show_in_tx(kit, tx, shown).await?;
    }
    for said in &news.said {
        open.hear_in_tx(kit, tx, said).await?;
    }
    open.settle_in_tx(kit, tx).await
}

impl Open {
    /// Locks case and order, in this order: every writer does, so that two never wait for each other.
    pub(super) async fn load_in_tx(tx: &Tx, agency: AgencyId, id: OrderId) -> Result<Option<Self>, Error> {
        let Some(order) = store::find(tx, agency, id).await? else { return Ok(None) };
        let scope = CaseScope { agency, caseload: Caseload::All };
        let Some(case) = cases::lock_in_tx(tx, scope, order.case).await? else { return Ok(None) };
        let Some(order) = store::lock_in_tx(tx, agency, id).await? else { return Ok(None) };
        let employers = store::employers(tx, id).await?;
        let tasks = store::tasks_of(tx, &employers).await?;
        Ok(Some(Self {
            case,
            before: order.clone(),
            employers_before: employers.clone(),
            tasks_before: tasks.clone(),
            order,
            employers,
            tasks,
            must_look: false,
        }))
    }

    async fn hear_in_tx(&mut self, kit: &Kit, tx: &Tx, said: &Said) -> Result<(), Error> {
        match said {
            Said::Created => {}
            Said::Touched
            | Said::Suborder { truv_suborder_id: None, truv_link_id: None, .. }
            | Said::Failed { truv_suborder_id: None, truv_link_id: None, .. } => self.must_look = true,
            Said::Canceled { at } => {
                self.order.canceled_at.get_or_insert(*at);
            }
            Said::Silence { at } => {
                if matches!(self.order.status, OrderStatus::Pending | OrderStatus::InProgress) {
                    self.order.status = OrderStatus::Stalled;
                    self.order.failure = Some(policy::stalled(*at));
                }
            }
            Said::Connected { truv_suborder_id, truv_link_id, at } => {
                let index = self.employer_in_tx(kit, tx, truv_suborder_id.as_deref(), Some(truv_link_id)).await?;
                self.connect_in_tx(kit, tx, index, truv_link_id, Some(*at)).await?;
            }
            Said::Suborder { truv_suborder_id, truv_link_id, raw_status, at } => {
                let index = self.employer_in_tx(kit, tx, truv_suborder_id.as_deref(), truv_link_id.as_deref()).await?;
                self.hear_suborder(index, raw_status, *at);
            }
            Said::Failed { truv_suborder_id, truv_link_id, raw_status, at } => {
                let index = self.employer_in_tx(kit, tx, truv_suborder_id.as_deref(), truv_link_id.as_deref()).await?;
                // A word that we do not know is still a failure: it was said in so many words.
                let is_known = TaskStatus::parse(raw_status).is_failure();
                let raw_status = if is_known { raw_status.clone() } else { "error".to_owned() };
                self.hear_told(index, Told { raw_status, at: *at });
            }
            Said::Task { truv_task_id, truv_suborder_id, truv_link_id, raw_status, message, at } => {
                let known = self.tasks.iter().find(|task| task.truv_task_id == *truv_task_id).map(|task| task.employer);
                let index = match known.and_then(|id| self.employers.iter().position(|employer| employer.id == id)) {
                    Some(index) => index,
                    None => self.employer_in_tx(kit, tx, truv_suborder_id.as_deref(), truv_link_id.as_deref()).await?,
                };
                self.hear_task(kit, index, truv_task_id, (raw_status, *at), message.as_deref());
                if let Some(link) = truv_link_id {
                    self.connect_in_tx(kit, tx, index, link, None).await?;
                }
            }
        }
        Ok(())
    }

    fn hear_task(&mut self, kit: &Kit, index: usize, id: &str, news: (&str, DateTime<Utc>), message: Option<&str>) {
        let Some(employer) = self.employers.get_mut(index) else { return };
        if TaskStatus::parse(news.0) == TaskStatus::Unknown {
            tracing::warn!(task.id = id, task.status = news.0, "Truv sent a task state that is not known here");
        }
        match self.tasks.iter_mut().find(|task| task.truv_task_id == id) {
            Some(task) => {
                if !status::task_moves(Some((&task.raw_status, task.status_at)), news) {
                    return;
                }
                news.0.clone_into(&mut task.raw_status);
                task.status_at = news.1;
                task.updated_at = kit.clock.now();
            }
            None => self.tasks.push(Task {
                id: kit.ids.next(),
                employer: employer.id,
                truv_task_id: id.to_owned(),
                raw_status: news.0.to_owned(),
                status_at: news.1,
                updated_at: kit.clock.now(),
            }),
        }
        if let Some(message) = message {
            employer.message = Some(message.chars().take(500).collect());
        }
    }

    pub(super) fn hear_suborder(&mut self, index: usize, raw_status: &str, at: DateTime<Utc>) {
        let Some(employer) = self.employers.get_mut(index) else { return };
        if status::suborder_moves((&employer.raw_status, employer.status_at), (raw_status, at)) {
            raw_status.clone_into(&mut employer.raw_status);
            employer.status_at = Some(at);
        }
    }

    pub(super) fn hear_told(&mut self, index: usize, told: Told) {
        let Some(employer) = self.employers.get_mut(index) else { return };
        if status::told_moves(employer.told.as_ref(), &told) {
            employer.told = Some(told);
        }
    }

    /// The employer entry that Truv means: by its id, else by its link, else the only one without an id. An entry that is
    /// not known yet is added: a client may connect employers that nobody asked for.
    pub(super) async fn employer_in_tx(
        &mut self,
        kit: &Kit,
        tx: &Tx,
        suborder: Option<&str>,
        truv_link_id: Option<&str>,
    ) -> Result<usize, Error> {
        let by_id = |employer: &OrderEmployer| suborder.is_some() && employer.truv_suborder_id.as_deref() == suborder;
        if let Some(index) = self.employers.iter().position(by_id) {
            return Ok(index);
        }
        if let Some(link) = truv_link_id
            && let Some(link) = links::find_by_truv_id_in_tx(tx, self.order.agency, link).await?
        {
            let by_link = |employer: &OrderEmployer| {
                employer.link == Some(link.id) && (suborder.is_none() || employer.truv_suborder_id.is_none())
            };
            if let Some(index) = self.employers.iter().position(by_link) {
                return Ok(index);
            }
        }
        let nameless: Vec<usize> =
            (0..).zip(&self.employers).filter(|(_, e)| e.truv_suborder_id.is_none()).map(|(i, _)| i).collect();
        if let [only] = nameless[..]
            && self.employers.len() == 1
        {
            return Ok(only);
        }
        let employer = OrderEmployer {
            id: kit.ids.next(),
            agency: self.order.agency,
            order: self.order.id,
            position: i32::try_from(self.employers.len()).unwrap_or(i32::MAX),
            source: None,
            link: None,
            truv_suborder_id: suborder.map(str::to_owned),
            suborder_number: None,
            company_name: None,
            raw_status: "pending".to_owned(),
            status_at: None,
            task_status: None,
            task_at: None,
            latest_task: None,
            told: None,
            message: None,
            updated_at: kit.clock.now(),
        };
        store::insert_employers_in_tx(tx, std::slice::from_ref(&employer)).await?;
        self.employers_before.push(employer.clone());
        self.employers.push(employer);
        Ok(self.employers.len() - 1)
    }

    /// The employer entry is connected through this link. `login_at` is set when the client logged in just now.
    async fn connect_in_tx(
        &mut self,
        kit: &Kit,
        tx: &Tx,
        index: usize,
        truv_link_id: &str,
        login_at: Option<DateTime<Utc>>,
    ) -> Result<LinkId, Error> {
        let sighting = links::Sighting { connected_at: login_at, ..links::Sighting::default() };
        self.link_in_tx(kit, tx, index, truv_link_id, sighting).await
    }

    pub(super) async fn link_in_tx(
        &mut self,
        kit: &Kit,
        tx: &Tx,
        index: usize,
        truv_link_id: &str,
        sighting: links::Sighting,
    ) -> Result<LinkId, Error> {
        let owner = (self.order.agency, self.case.case().client);
        let link = links::see_in_tx(tx, &kit.ids, owner, truv_link_id, sighting, kit.clock.now()).await?;
        if let Some(employer) = self.employers.get_mut(index) {
            employer.link = Some(link);
        }
        Ok(link)
    }

    /// Derives the states, writes what changed, and draws the consequences.
    pub(super) async fn settle_in_tx(mut self, kit: &Kit, tx: &Tx) -> Result<Advanced, Error> {
        let now = kit.clock.now();
        self.derive();
        self.note_tasks_in_tx(tx, now).await?;
        self.note_employers_in_tx(tx, now).await?;
        self.note_order();
        let brought_data = self.newly(Standing::Completed).next().is_some();
        let changed =
            self.order != self.before || self.employers != self.employers_before || self.tasks != self.tasks_before;
        self.order.news_at = now;
        if changed {
            self.order.updated_at = now;
            self.order.version += 1;
        }
        store::save_in_tx(tx, &self.order).await?;
        self.stand_case();
        self.enqueue_in_tx(kit, tx, brought_data, now).await?;
        self.case.save_in_tx(tx, now).await?;
        Ok(if changed { Advanced::Moved } else { Advanced::NothingNew })
    }

    fn derive(&mut self) {
        for employer in &mut self.employers {
            let tasks: Vec<Task> = self.tasks.iter().filter(|task| task.employer == employer.id).cloned().collect();
            if let Some((raw, at, task)) = status::effective(&tasks, employer.told.as_ref()) {
                employer.task_status = Some(raw);
                employer.task_at = Some(at);
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
            OrderStatus::Canceled => self.order.failure = None,
            _ => self.order.failure = policy::of_employers(&self.employers, self.order.attempt),
        }
        if self.order.status == OrderStatus::Completed && self.order.completed_at.is_none() {
            let ends = self.employers.iter().flat_map(|employer| [employer.task_at, employer.status_at]);
            self.order.completed_at = ends.flatten().max();
        }
    }

    async fn note_tasks_in_tx(&mut self, tx: &Tx, now: DateTime<Utc>) -> Result<(), Error> {
        for task in &self.tasks {
            if self.tasks_before.contains(task) {
                continue;
            }
            let message = self.employers.iter().find(|e| e.id == task.employer).and_then(|e| e.message.as_deref());
            store::save_task_in_tx(tx, self.order.agency, task, message).await?;
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
                links::mark_refreshed_in_tx(tx, link, task.status_at, is_login).await?;
            } else if status::is_clients_to_mend(status) {
                links::mark_broken_in_tx(tx, link, &task.raw_status, task.status_at).await?;
            } else if status.is_failure() {
                // `link-disconnected` comes with every failed refresh; this failure explains it without the client.
                links::explain_in_tx(tx, link, now).await?;
            }
        }
        Ok(())
    }

    async fn note_employers_in_tx(&mut self, tx: &Tx, now: DateTime<Utc>) -> Result<(), Error> {
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
            if employer != before {
                employer.updated_at = now;
                store::save_employer_in_tx(tx, employer).await?;
            }
        }
        Ok(())
    }

    /// The employers that have come to stand there with these news.
    fn newly(&self, standing: Standing) -> impl Iterator<Item = crate::ids::OrderEmployerId> {
        let moved = self.employers.iter().zip(&self.employers_before);
        moved
            .filter(move |(now, before)| status::standing(now) == standing && status::standing(before) != standing)
            .map(|(employer, _)| employer.id)
            .collect::<Vec<_>>()
            .into_iter()
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
    fn stand_case(&mut self) {
        let case = self.case.case();
        if self.order.renewal.is_none() || self.order.renewal != case.renewal {
            return;
        }
        let moved = self.order.status != self.before.status || self.order.failure != self.before.failure;
        let brings_data = policy::is_reviewable(&self.order);
        let is_latest = case.latest_order == Some(self.order.id);
        // Data is welcome from any order of the renewal, a failure only from the newest; and a review that is ready
        // stays ready, whatever becomes of an ask that has become needless.
        let counts = moved && (brings_data || (is_latest && case.status != CaseStatus::ReadyForReview));
        if counts && !(brings_data && case.status == CaseStatus::ReadyForReview) {
            self.case.stand(policy::case_standing(&self.order));
        }
    }

    async fn enqueue_in_tx(&self, kit: &Kit, tx: &Tx, brought_data: bool, now: DateTime<Utc>) -> Result<(), Error> {
        let order = &self.order;
        let job = |kind, run_at| NewJob {
            agency: order.agency,
            kind,
            subject: order.id.0,
            priority: Priority::Interactive,
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

fn status_is_open(status: OrderStatus) -> bool {
    store::OPEN.contains(&status)
}
