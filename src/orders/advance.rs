//! Joins news into an order, in the transaction of the caller, who also marks the delivery that brought the news. What
//! follows from them is drawn in `settle`.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::news::{News, Said};
use super::status::{self, Told};
use super::{Order, OrderEmployer, Task, policy, store};
use crate::caller::{CaseScope, Caseload};
use crate::cases::{self, Locked};
use crate::ids::{AgencyId, LinkId, OrderId};
use crate::kit::Kit;
use crate::links;
use crate::storage::{Error, Tx};
use crate::truv;
use crate::words::{OrderStatus, SuborderStatus, TaskStatus};

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
    pub(super) before: Order,
    pub(super) employers_before: Vec<OrderEmployer>,
    pub(super) tasks_before: Vec<Task>,
    /// News that leave open what happened: the order must be looked at.
    pub(super) must_look: bool,
    /// Connections that were broken and that these news have shown to work again.
    pub(super) healed: HashSet<LinkId>,
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
            healed: HashSet::new(),
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
                // The data may have been there already.
                self.must_look = true;
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
                if TaskStatus::parse(raw_status) == TaskStatus::Unknown {
                    truv::unknown_word("refresh_failed_status", raw_status);
                }
                let raw_status = if is_known { raw_status.clone() } else { "error".to_owned() };
                // `error` may be the word for every failure: a look tells the task's own, where no task has told it.
                self.must_look |= TaskStatus::parse(&raw_status) == TaskStatus::Error && !self.is_explained(index, *at);
                self.hear_told(index, Told { raw_status, at: *at });
            }
            Said::Task { truv_task_id, truv_suborder_id, truv_link_id, raw_status, at } => {
                let known = self.tasks.iter().find(|task| task.truv_task_id == *truv_task_id).map(|task| task.employer);
                let index = match known.and_then(|id| self.employers.iter().position(|employer| employer.id == id)) {
                    Some(index) => index,
                    None => self.employer_in_tx(kit, tx, truv_suborder_id.as_deref(), truv_link_id.as_deref()).await?,
                };
                self.hear_task(kit, index, truv_task_id, (raw_status, *at));
                if let Some(link) = truv_link_id {
                    self.connect_in_tx(kit, tx, index, link, None).await?;
                }
            }
            Said::Explained { truv_task_id, message } => {
                let task = self.tasks.iter().find(|task| task.truv_task_id == *truv_task_id);
                let employer = task.and_then(|task| self.employers.iter_mut().find(|one| one.id == task.employer));
                if let Some(employer) = employer {
                    employer.message = Some(truv::words(message));
                }
            }
        }
        Ok(())
    }

    fn hear_task(&mut self, kit: &Kit, index: usize, id: &str, news: (&str, DateTime<Utc>)) {
        let Some(employer) = self.employers.get(index) else { return };
        if TaskStatus::parse(news.0) == TaskStatus::Unknown {
            truv::unknown_word("task_status", news.0);
        }
        if let Some(task) = self.tasks.iter_mut().find(|task| task.truv_task_id == id) {
            if !status::task_moves(Some((&task.raw_status, task.status_at)), news) {
                return;
            }
            news.0.clone_into(&mut task.raw_status);
            task.status_at = news.1;
            task.updated_at = kit.clock.now();
        } else {
            self.tasks.push(Task {
                id: kit.ids.next(),
                employer: employer.id,
                truv_task_id: id.to_owned(),
                raw_status: news.0.to_owned(),
                status_at: news.1,
                updated_at: kit.clock.now(),
            });
        }
        // The webhook tells that it failed, and only a look at the task what the provider says about it.
        self.must_look |= status::wants_words(TaskStatus::parse(news.0));
    }

    /// Whether a task of the employer entry has failed itself and not later than `at`.
    fn is_explained(&self, index: usize, at: DateTime<Utc>) -> bool {
        let of_employer = |task: &&Task| self.employers.get(index).is_some_and(|employer| employer.id == task.employer);
        let mut tasks = self.tasks.iter().filter(of_employer);
        tasks.any(|task| TaskStatus::parse(&task.raw_status).is_failure() && task.status_at <= at)
    }

    pub(super) fn hear_suborder(&mut self, index: usize, raw_status: &str, at: DateTime<Utc>) {
        let Some(employer) = self.employers.get_mut(index) else { return };
        if SuborderStatus::parse(raw_status) == SuborderStatus::Unknown {
            truv::unknown_word("suborder_status", raw_status);
        }
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
        let link = links::see_in_tx(kit, tx, owner, truv_link_id, sighting).await?;
        if let Some(employer) = self.employers.get_mut(index) {
            employer.link = Some(link);
        }
        Ok(link)
    }
}
