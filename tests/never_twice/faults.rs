//! What goes wrong about one command, and how often.

use std::time::Duration;

use bytes::Bytes;
use rrp::sim::{Close, Effect, Fault, Trigger};

use crate::line::Cut;
use crate::pair::{Break, Dice};

/// Kinds of faults about a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// Nothing goes wrong.
    None,
    CutUp,
    CutDown,
    CloseBefore,
    ExecuteAndClose,
    CutReplyExecuted,
    CutReplyNotExecuted,
    ExecuteLate,
    Late,
    BeyondWire,
    Twice,
    Garble,
    Dribble,
    Stall,
    ExecuteAndStall,
    Surplus,
    Unsolicited,
    LoseLogin,
    FailedForNow,
    Locked,
    Gone,
    GoneExecuted,
    Failed,
    FailedExecuted,
    NoLogin,
    Misfit,
    Unknown,
    /// "Failed, try again", and it was executed.
    LieFailed,
    /// Refused for good, and it was executed.
    LieRefused,
    /// "Done", and it was not executed.
    LieDone,
    /// The reply is lost, and it is executed some minutes later.
    LieLate,
}

use Kind::{
    BeyondWire, CloseBefore, CutDown, CutReplyExecuted, CutReplyNotExecuted, CutUp, Dribble, ExecuteAndClose,
    ExecuteAndStall, ExecuteLate, Failed, FailedExecuted, FailedForNow, Garble, Gone, GoneExecuted, Late,
    LieDone, LieFailed, LieLate, LieRefused, Locked, LoseLogin, Misfit, NoLogin, Stall, Surplus, Twice,
    Unknown, Unsolicited,
};

/// Each kind, and how often it comes in so many.
pub(crate) const KINDS: [(Kind, usize); 26] = [
    (CutUp, 40),
    (CutDown, 50),
    (CloseBefore, 28),
    (ExecuteAndClose, 150),
    (CutReplyExecuted, 60),
    (CutReplyNotExecuted, 28),
    (ExecuteLate, 40),
    (Late, 28),
    (BeyondWire, 35),
    (Twice, 40),
    (Garble, 40),
    (Dribble, 28),
    (Stall, 28),
    (ExecuteAndStall, 40),
    (Surplus, 40),
    (Unsolicited, 28),
    (LoseLogin, 28),
    (FailedForNow, 60),
    (Locked, 28),
    (Gone, 28),
    (GoneExecuted, 40),
    (Failed, 28),
    (FailedExecuted, 28),
    (NoLogin, 28),
    (Misfit, 28),
    (Unknown, 28),
];

impl Kind {
    pub(crate) fn any(dice: &mut Dice) -> Self {
        let mut thrown = dice.below(KINDS.iter().map(|(_, weight)| weight).sum());
        for (kind, weight) in KINDS {
            match thrown.checked_sub(weight) {
                Some(rest) => thrown = rest,
                None => return kind,
            }
        }
        Self::None
    }

    /// What the network does about the command.
    pub(crate) fn cut(self, dice: &mut Dice) -> Option<Cut> {
        let how = dice.one_of(&[Break::Fin, Break::Reset]);
        match self {
            CutUp => Some(Cut::Up(dice.below(1_001), how)),
            CutDown => {
                let most = if dice.percent(80) { 40 } else { 300 };
                Some(Cut::DownAt(dice.below(most), how))
            }
            _ => None,
        }
    }

    /// What the registry does. `billable`: of what costs nothing, 549 is a plain refusal.
    /// `whole`: what is sent at once arrives at once; else what comes before an answer would be taken for it, which is a
    /// registry that lies.
    pub(crate) fn effects(self, billable: bool, whole: bool, dice: &mut Dice) -> Vec<Effect> {
        let close = dice.one_of(&[Close::Orderly, Close::Fin, Close::Reset]);
        let mut seconds = |from: u64, to: u64| Duration::from_secs(from + dice.next() % (to - from));
        let (soon, late, beyond) = (seconds(1, 45), seconds(1, 170), seconds(180, 400));
        let most = if dice.percent(80) { 28 } else { 300 };
        let at = dice.below(most);
        vec![match self {
            Self::None | CutUp | CutDown => return Vec::new(),
            CloseBefore => Effect::CloseBefore(close),
            ExecuteAndClose => Effect::ExecuteAndClose(close),
            CutReplyExecuted => Effect::Cut { at, executed: true, close },
            // Never the whole of it, which would be a lie.
            CutReplyNotExecuted => Effect::Cut { at: at % 28, executed: false, close },
            // Less than what a "not found" must wait for, the way to the registry included.
            ExecuteLate => Effect::ExecuteLate { after: soon, close },
            Late => Effect::Delay(late),
            BeyondWire => Effect::Delay(beyond),
            Twice => Effect::Twice,
            Garble => Effect::Garble,
            Dribble => {
                let every = Duration::from_millis(dice.one_of(&[0, 10, 1_000, 9_000]));
                Effect::Dribble { bytes: 1 + dice.below(40), every }
            }
            Stall => Effect::Stall,
            ExecuteAndStall => Effect::ExecuteAndStall,
            Surplus => Effect::Surplus(Bytes::from(dice.one_of(&[
                "2",
                "200 Done\r\n.\r\n",
                "210 Domain name available\r\n.\r\n",
                "\0\0",
            ]))),
            Unsolicited if !whole => Effect::UnsolicitedCode(dice.one_of(&[520, 521])),
            Unsolicited if dice.percent(50) => Effect::UnsolicitedCode(dice.one_of(&[420, 520, 521, 220])),
            Unsolicited => Effect::Unsolicited(Bytes::from(dice.one_of(&[
                "200 Command completed successfully\r\n.\r\n",
                "540 Attribute value is not unique\r\n.\r\n",
                "noise\r\n",
            ]))),
            LoseLogin => Effect::LoseLogin,
            FailedForNow => Effect::answer(dice.one_of(&[420, 421, 421]), false),
            Locked => Effect::answer(422, false),
            Gone => Effect::answer(dice.one_of(&[423, 520, 521]), false),
            GoneExecuted => Effect::answer(dice.one_of(&[423, 520, 521]), true),
            Failed => Effect::answer(549, false),
            FailedExecuted if billable => Effect::answer(549, true),
            FailedExecuted => Effect::answer(423, true),
            NoLogin => Effect::answer(dice.one_of(&[530, 547]), false),
            Misfit => Effect::answer(dice.one_of(&[210, 211, 213]), dice.percent(50)),
            LieFailed => Effect::answer(dice.one_of(&[420, 421, 422]), true),
            LieRefused => Effect::answer(dice.one_of(&[541, 545, 552, 505]), true),
            LieDone => Effect::answer(200, false),
            LieLate => Effect::ExecuteLate { after: beyond, close },
            Unknown => Effect::answer(dice.one_of(&[299, 450, 499, 300, 700]), dice.percent(50)),
        }]
    }
}

/// These effects, once, on the next command of a connection.
pub(crate) fn next_on(connection: u64, effects: Vec<Effect>) -> Option<Fault> {
    let fault = Fault::on(Trigger::AnyCommand).on_connection(connection).once();
    (!effects.is_empty()).then(|| effects.into_iter().fold(fault, Fault::then))
}

/// What may go wrong before anybody is logged in, or while nobody asks.
/// `quick`: nothing is on its way when the registry speaks unasked. A success that nobody asked for and that crosses a
/// command is a lie: nobody could tell that it is not the answer.
pub(crate) fn of_connection(connection: u64, quick: bool, dice: &mut Dice) -> Vec<Fault> {
    let close = dice.one_of(&[Close::Orderly, Close::Fin, Close::Reset]);
    let mut faults = Vec::new();
    if dice.percent(4) {
        let effect = match dice.below(5) {
            0 => Effect::CloseBefore(close),
            1 => Effect::Stall,
            2 => Effect::Delay(Duration::from_secs(31)),
            3 => Effect::Cut { at: dice.below(60), executed: true, close },
            _ => Effect::Garble,
        };
        faults.push(Fault::on(Trigger::AnyConnection).then(effect));
    }
    if dice.percent(6) {
        let effect = match dice.below(6) {
            0 => Effect::CloseBefore(close),
            1 => Effect::ExecuteAndClose(close),
            2 => Effect::Stall,
            3 => Effect::EmptyLogin,
            4 => Effect::RefuseLogin(dice.one_of(&[421, 422, 521, 530])),
            _ => Effect::Delay(Duration::from_secs(61)),
        };
        faults.push(Fault::on(Trigger::Login).then(effect));
    }
    // At no moment at which a command could come.
    for pause in [1_037, 3_037, 9_037, 59_037] {
        if dice.percent(2) {
            let effect = match dice.below(5) {
                0 => Effect::UnsolicitedCode(520),
                1 => Effect::UnsolicitedCode(420),
                2 if quick => {
                    Effect::Unsolicited(Bytes::from_static(b"200 Command completed successfully\r\n.\r\n"))
                }
                2 | 3 => Effect::Close(close),
                _ => Effect::LoseLogin,
            };
            faults.push(Fault::on(Trigger::Idle(Duration::from_millis(pause))).then(effect));
        }
    }
    faults.into_iter().map(|fault| fault.on_connection(connection)).collect()
}
