//! What was queued, and the events that tell of it.

use super::super::config::Config;
use super::super::ledger::Ledger;
use super::super::lifecycle;
use super::super::wire::Request;
use super::super::world::{Job, Moment, Turn, World};
use super::{domain, domain_of};

/// Does a job that is due. What the order asked for is judged again: the name may be taken by now.
pub(in super::super) fn run(world: &mut World, config: &Config, job: Job, now: Moment, ledger: &mut Ledger) {
    match job {
        Job::Register { id, registrar, command } => {
            let mut turn = Turn::new(world, config, &registrar, now, ledger.transaction());
            let outcome = domain_of(&mut turn, &command).and_then(|name| {
                let order = domain::order(&turn, &command, &name)?;
                turn.afford(order.price(config))?;
                domain::register(&mut turn, &command, &name, order, Some(id))
            });
            let code = match outcome {
                Ok(answer) => answer.code(),
                Err(answer) => {
                    let name = turn.object.clone();
                    tell(&mut turn, &command, "REGISTRATION_FAILED", &name, Some(id));
                    answer.code()
                }
            };
            ledger.record(turn.entry(None, command.name(), code));
        }
        Job::Approve { name, by, requested } => {
            lifecycle::approve(world, config, (&name, &by, requested), now, ledger);
        }
        Job::Drop { name, deleted } => {
            if world.domains.get(&name).is_some_and(|domain| domain.deleted == Some(deleted)) {
                world.domains.remove(&name);
            }
        }
    }
}

/// Keeps an event about a registration for the caller, with the client's transaction id.
pub(super) fn tell(
    turn: &mut Turn<'_>,
    request: &Request,
    subclass: &'static str,
    name: &str,
    job: Option<u64>,
) {
    let mut data = vec![format!("domain:{name}")];
    data.extend(request.first("cltrid").map(|id| format!("cltrid:{id}")));
    data.extend(job.map(|id| format!("jobid:{id}")));
    turn.tell(turn.caller, "DOMAIN_REGISTRATION", subclass, data);
}
