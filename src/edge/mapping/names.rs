//! The names that an expression takes from outside itself.

use kube::core::cel::cel::IdedExpr;
use kube::core::cel::cel::common::ast::{ComprehensionExpr, EntryExpr, Expr};
use std::collections::BTreeSet;

/// Each of them, as an expression of its own: `fields`, or `optional.none()`, where only
/// the evaluator knows whether `optional` is a variable or half the name of a function.
/// The evaluator's own list has the variables of comprehensions among them.
pub(super) fn free(expression: &IdedExpr) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(expression, &mut Vec::new(), &mut found);
    found
}

/// `bound` are the variables of the comprehensions around.
fn collect<'a>(expression: &'a IdedExpr, bound: &mut Vec<&'a str>, found: &mut BTreeSet<String>) {
    match &expression.expr {
        Expr::Unspecified | Expr::Literal(_) => {}
        Expr::Ident(name) => {
            if !bound.contains(&name.as_str()) {
                found.insert(name.clone());
            }
        }
        Expr::Select(select) => collect(&select.operand, bound, found),
        Expr::Call(call) => {
            match call.target.as_deref() {
                Some(IdedExpr {
                    expr: Expr::Ident(name),
                    ..
                }) if !bound.contains(&name.as_str()) => {
                    found.insert(format!("{name}.{}()", call.func_name));
                }
                Some(target) => collect(target, bound, found),
                None => {}
            }
            for argument in &call.args {
                collect(argument, bound, found);
            }
        }
        Expr::List(list) => {
            for element in &list.elements {
                collect(element, bound, found);
            }
        }
        Expr::Map(map) => {
            for entry in &map.entries {
                collect_entry(&entry.expr, bound, found);
            }
        }
        Expr::Struct(structure) => {
            for entry in &structure.entries {
                collect_entry(&entry.expr, bound, found);
            }
        }
        Expr::Comprehension(loops) => collect_loop(loops, bound, found),
    }
}

fn collect_entry<'a>(entry: &'a EntryExpr, bound: &mut Vec<&'a str>, found: &mut BTreeSet<String>) {
    match entry {
        EntryExpr::StructField(field) => collect(&field.value, bound, found),
        EntryExpr::MapEntry(entry) => {
            collect(&entry.key, bound, found);
            collect(&entry.value, bound, found);
        }
    }
}

fn collect_loop<'a>(
    loops: &'a ComprehensionExpr,
    bound: &mut Vec<&'a str>,
    found: &mut BTreeSet<String>,
) {
    collect(&loops.iter_range, bound, found);
    collect(&loops.accu_init, bound, found);
    let outer = bound.len();
    bound.extend([loops.iter_var.as_str(), loops.accu_var.as_str()]);
    bound.extend(loops.iter_var2.as_deref());
    collect(&loops.loop_cond, bound, found);
    collect(&loops.loop_step, bound, found);
    collect(&loops.result, bound, found);
    bound.truncate(outer);
}
