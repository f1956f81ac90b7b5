//! What a pull reads, and which data events say so.

use chrono::{DateTime, TimeDelta, Utc};

use super::chance::Id;
use super::events::About;
use super::payroll::{JobFacts, Snapshot};
use super::scenarios::Scenario;
use super::state::{Link, World};

impl World {
    /// Reads the connection's data and reports what is new: `-created` on a first pull, `-updated` on a refresh that
    /// changed something, statements only when their number changed.
    pub(crate) fn read_data(&mut self, task_id: &Id, at: DateTime<Utc>) {
        let Some(task) = self.tasks.get(task_id) else { return };
        let (scenario, is_refresh) = (task.scenario, task.is_refresh());
        let (order_id, suborder_id) = (task.order_id.clone(), task.suborder_id.clone());
        let Some(link) = task.link_id.as_ref().and_then(|id| self.links.get_mut(id)) else { return };
        let before = link.data.clone();
        let after = link.pull(scenario, at);
        link.data = Some(after.clone());
        link.done_at = Some(at);
        if !is_refresh || self.settings.silent_refresh_extends_auth {
            link.authorised_at = at;
        }
        let suborder = order_id
            .and_then(|id| self.orders.get_mut(&id))
            .zip(suborder_id)
            .and_then(|(order, id)| order.suborder_mut(&id));
        if let Some(suborder) = suborder {
            suborder.data = Some(after.clone());
        }
        match before {
            None if !is_refresh => self.report_created(task_id, &after, at),
            Some(before) if is_refresh => self.report_updated(task_id, &before, &after, at),
            _ => {}
        }
    }

    fn report_created(&mut self, task_id: &Id, after: &Snapshot, at: DateTime<Utc>) {
        for facts in after.facts() {
            let employment_id = facts.employment_id;
            self.emit_data(task_id, "employment-created", About::Object(employment_id.clone()), at);
            self.emit_data(task_id, "profile-created", About::Object(facts.profile_id), at);
            let count = About::Count { employment_id, objects: facts.statements };
            self.emit_data(task_id, "statements-created", count, at);
        }
    }

    fn report_updated(&mut self, task_id: &Id, before: &Snapshot, after: &Snapshot, at: DateTime<Utc>) {
        let before = before.facts();
        for facts in after.facts() {
            let Some(old) = before.iter().find(|old| old.employment_id == facts.employment_id) else { continue };
            if (old.ended_on, old.pay) != (facts.ended_on, facts.pay) {
                self.emit_data(task_id, "employment-updated", About::Object(facts.employment_id.clone()), at);
            }
            if old.statements != facts.statements {
                let count = About::Count { employment_id: facts.employment_id, objects: facts.statements };
                self.emit_data(task_id, "statements-updated", count, at);
            }
        }
    }
}

impl Link {
    /// What a pull under this scenario reads, changing the jobs where the scenario says so.
    fn pull(&mut self, scenario: Scenario, at: DateTime<Utc>) -> Snapshot {
        let today = at.date_naive();
        match (scenario, &self.data) {
            (Scenario::OkNoChange, Some(last)) => return last.clone(),
            (Scenario::OkLeftJob, _) => {
                self.jobs = self
                    .jobs
                    .iter()
                    .cloned()
                    .map(|mut job| {
                        let left = today - TimeDelta::days(7);
                        job.end_date = Some(job.end_date.unwrap_or(left).min(left).max(job.start_date));
                        job
                    })
                    .collect();
            }
            (Scenario::OkNewStub, Some(last)) => {
                let count = |facts: Vec<JobFacts>| facts.iter().map(|job| job.statements).sum::<usize>();
                let natural = Snapshot { jobs: self.jobs.clone(), as_of: at };
                if count(natural.facts()) <= count(last.facts()) {
                    let mut jobs = self.jobs.to_vec();
                    if let Some(job) = jobs.first_mut() {
                        job.off_cycle.push(today);
                    }
                    self.jobs = jobs.into();
                }
            }
            _ => {}
        }
        Snapshot { jobs: self.jobs.clone(), as_of: at }
    }
}
