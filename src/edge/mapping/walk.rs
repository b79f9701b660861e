//! The parts of an expression, one after the other.

use kube::core::cel::cel::IdedExpr;
use kube::core::cel::cel::common::ast::{ComprehensionExpr, EntryExpr, Expr};

/// Shows each part to `see`, with the variables of the comprehensions around it. What is in a
/// part is shown where `see` says so; a name that a function is called on is a part of the call,
/// for it may be half the name of the function.
pub(super) fn walk<'a>(
    part: &'a IdedExpr,
    bound: &mut Vec<&'a str>,
    see: &mut impl FnMut(&'a Expr, &[&'a str]) -> bool,
) {
    if !see(&part.expr, bound) {
        return;
    }
    match &part.expr {
        Expr::Unspecified | Expr::Literal(_) | Expr::Ident(_) => {}
        Expr::Select(select) => walk(&select.operand, bound, see),
        Expr::Call(call) => {
            let target = call.target.as_deref();
            if let Some(target) = target.filter(|target| !matches!(target.expr, Expr::Ident(_))) {
                walk(target, bound, see);
            }
            for argument in &call.args {
                walk(argument, bound, see);
            }
        }
        Expr::List(list) => {
            for element in &list.elements {
                walk(element, bound, see);
            }
        }
        Expr::Map(map) => {
            for entry in &map.entries {
                walk_entry(&entry.expr, bound, see);
            }
        }
        Expr::Struct(structure) => {
            for entry in &structure.entries {
                walk_entry(&entry.expr, bound, see);
            }
        }
        Expr::Comprehension(loops) => walk_loop(loops, bound, see),
    }
}

fn walk_entry<'a>(
    entry: &'a EntryExpr,
    bound: &mut Vec<&'a str>,
    see: &mut impl FnMut(&'a Expr, &[&'a str]) -> bool,
) {
    match entry {
        EntryExpr::StructField(field) => walk(&field.value, bound, see),
        EntryExpr::MapEntry(entry) => {
            walk(&entry.key, bound, see);
            walk(&entry.value, bound, see);
        }
    }
}

fn walk_loop<'a>(
    loops: &'a ComprehensionExpr,
    bound: &mut Vec<&'a str>,
    see: &mut impl FnMut(&'a Expr, &[&'a str]) -> bool,
) {
    walk(&loops.iter_range, bound, see);
    walk(&loops.accu_init, bound, see);
    let outer = bound.len();
    bound.extend([loops.iter_var.as_str(), loops.accu_var.as_str()]);
    bound.extend(loops.iter_var2.as_deref());
    walk(&loops.loop_cond, bound, see);
    walk(&loops.loop_step, bound, see);
    walk(&loops.result, bound, see);
    bound.truncate(outer);
}
