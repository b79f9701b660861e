//! The names that an expression takes from outside itself.

use super::walk::walk;
use kube::core::cel::cel::IdedExpr;
use kube::core::cel::cel::common::ast::Expr;
use std::collections::BTreeSet;

/// Each of them, as an expression of its own: `fields`, or `optional.none()`, where only
/// the evaluator knows whether `optional` is a variable or half the name of a function.
/// The evaluator's own list has the variables of comprehensions among them.
pub(super) fn free(expression: &IdedExpr) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    walk(expression, &mut Vec::new(), &mut |part, bound| {
        match part {
            Expr::Ident(name) if !bound.contains(&name.as_str()) => {
                found.insert(name.clone());
            }
            Expr::Call(call) => {
                let target = call.target.as_deref().map(|target| &target.expr);
                if let Some(Expr::Ident(name)) = target
                    && !bound.contains(&name.as_str())
                {
                    found.insert(format!("{name}.{}()", call.func_name));
                }
            }
            _ => {}
        }
        true
    });
    found
}
