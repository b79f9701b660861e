//! Where in a message the expressions of a mapping read.

use super::walk::walk;
use kube::core::cel::cel::IdedExpr;
use kube::core::cel::cel::common::ast::operators::{INDEX, OPT_INDEX, OPT_SELECT};
use kube::core::cel::cel::common::ast::{CallExpr, Expr, LiteralValue};
use std::collections::BTreeSet;

/// One step into JSON.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// To the value of this name.
    Name(String),
    /// To the element at this place of a list, from 0.
    Place(usize),
}

/// What a way begins in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The message attributes.
    Attributes,
    /// The producer's JSON.
    Body,
}

type Way = (Part, Vec<Step>);

/// Where a mapping reads.
#[derive(Debug, Default)]
pub struct Reads {
    /// For product, quantity and factory.
    order: BTreeSet<Way>,
    /// For the requester.
    person: BTreeSet<Way>,
    /// Only looked at whether it is there.
    tried: BTreeSet<Way>,
}

impl Reads {
    /// Whether just this value is read for the order, and is no part of what is read for the
    /// requester: it has nothing personal.
    pub fn impersonal(&self, part: Part, way: &[Step]) -> bool {
        self.order.contains(&(part, way.to_vec())) && !self.personal(part, way)
    }

    /// Whether this value is, or is in, one that is read for the requester.
    pub fn personal(&self, part: Part, way: &[Step]) -> bool {
        let mut persons = self.person.iter();
        persons.any(|(of, person)| *of == part && way.starts_with(person))
    }

    /// Whether an expression goes this way: its names are then those of whoever wrote the
    /// mapping.
    pub fn names(&self, part: Part, way: &[Step]) -> bool {
        let mut all = self.order.iter().chain(&self.person).chain(&self.tried);
        all.any(|(of, read)| *of == part && read.starts_with(way))
    }

    /// Adds what an expression for the order, or else for the requester, reads.
    pub(super) fn add(&mut self, expression: &IdedExpr, for_order: bool) {
        walk(expression, &mut Vec::new(), &mut |expression, bound| {
            let chain = chain(expression).filter(|(name, _)| !bound.contains(name));
            // All of a part is no value of it: a body that is free text is not read at all.
            let Some((name, way)) = chain.filter(|(_, way)| !way.is_empty()) else {
                return true;
            };
            let read = match expression {
                Expr::Select(select) if select.test => &mut self.tried,
                _ if for_order => &mut self.order,
                _ => &mut self.person,
            };
            let parts: &[Part] = match name {
                "attributes" => &[Part::Attributes],
                "body" => &[Part::Body],
                "fields" => &[Part::Attributes, Part::Body],
                _ => &[],
            };
            read.extend(parts.iter().map(|part| (*part, way.clone())));
            false
        });
    }
}

/// The variable, and the way from it, where an expression is nothing but that. A place that is
/// only known with the message is none.
fn chain(expression: &Expr) -> Option<(&str, Vec<Step>)> {
    let (from, step) = match expression {
        Expr::Ident(name) => return Some((name, Vec::new())),
        Expr::Select(select) => (&select.operand.expr, Step::Name(select.field.clone())),
        Expr::Call(call) => indexed(call)?,
        _ => return None,
    };
    let (name, mut way) = chain(from)?;
    way.push(step);
    Some((name, way))
}

fn indexed(call: &CallExpr) -> Option<(&Expr, Step)> {
    let [from, at] = call.args.as_slice() else {
        return None;
    };
    if ![INDEX, OPT_INDEX, OPT_SELECT].contains(&call.func_name.as_str()) {
        return None;
    }
    let step = match &at.expr {
        Expr::Literal(LiteralValue::String(name)) => Step::Name(name.inner().to_owned()),
        Expr::Literal(LiteralValue::Int(place)) => Step::Place((*place.inner()).try_into().ok()?),
        _ => return None,
    };
    Some((&from.expr, step))
}
