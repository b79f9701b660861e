//! Breadth first through every reachable world: the first broken law has the shortest
//! trace; then backwards from every good end.

use crate::laws::{LAWS, good_end};
use crate::moves::{Rules, all};
use crate::world::World;
use std::collections::HashMap;
use std::rc::Rc;

/// Why a configuration does not hold.
#[derive(Debug)]
pub(crate) struct Broken {
    /// The law.
    pub(crate) law: &'static str,
    /// The steps that lead there.
    pub(crate) trace: Vec<String>,
}

/// One world, and how it was first reached.
struct Node {
    world: Rc<World>,
    from: Option<(usize, String)>,
}

/// Explores all; says how many worlds there are, or what broke. Past `worlds_max` worlds
/// it stops: then only the laws of single moments were checked, in the worlds nearest to
/// the start, and no liveness.
pub(crate) fn explore(start: World, rules: &Rules, worlds_max: usize) -> Result<usize, Broken> {
    let start = Rc::new(start);
    let mut numbers = HashMap::from([(Rc::clone(&start), 0)]);
    let mut nodes = vec![Node {
        world: start,
        from: None,
    }];
    let mut before: Vec<Vec<u32>> = vec![Vec::new()];
    let mut current = 0;
    while current < nodes.len() {
        let world = Rc::clone(&nodes[current].world);
        for (name, next) in all(&world, rules) {
            let next = Rc::new(next);
            let number = *numbers.entry(Rc::clone(&next)).or_insert_with(|| {
                nodes.push(Node {
                    world: Rc::clone(&next),
                    from: Some((current, name)),
                });
                before.push(Vec::new());
                nodes.len() - 1
            });
            before[number].push(u32::try_from(current).expect("fewer worlds than that"));
            for (law, holds) in LAWS {
                if !holds(&next, rules.policy.max_attempts) {
                    return Err(Broken {
                        law,
                        trace: trace(&nodes, number),
                    });
                }
            }
        }
        current += 1;
        if nodes.len() >= worlds_max {
            return Ok(nodes.len());
        }
    }
    match dead_end(&nodes, &before) {
        Some(number) => Err(Broken {
            law: "liveness: a good end stays reachable",
            trace: trace(&nodes, number),
        }),
        None => Ok(nodes.len()),
    }
}

/// The first world from which no good end can be reached.
fn dead_end(nodes: &[Node], before: &[Vec<u32>]) -> Option<usize> {
    let mut good = vec![false; nodes.len()];
    let mut queue: Vec<usize> = (0..nodes.len())
        .filter(|at| good_end(&nodes[*at].world))
        .collect();
    for at in &queue {
        good[*at] = true;
    }
    while let Some(at) = queue.pop() {
        for from in &before[at] {
            let from = *from as usize;
            if !good[from] {
                good[from] = true;
                queue.push(from);
            }
        }
    }
    good.iter().position(|good| !good)
}

fn trace(nodes: &[Node], number: usize) -> Vec<String> {
    let mut steps = Vec::new();
    let mut at = number;
    while let Some((from, name)) = &nodes[at].from {
        steps.push(name.clone());
        at = *from;
    }
    steps.reverse();
    steps
}
