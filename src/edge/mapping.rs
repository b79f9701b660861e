//! The mapping file: how a shop's messages become orders.
//!
//! Four expressions in CEL, the language of the CRD's own rules, each over
//! - `fields`: the top-level keys of the body with the attributes laid over them;
//! - `attributes`: the message attributes, all text;
//! - `body`: the producer's JSON; an empty object if the body is free text.
//!
//! A key that is not there makes the field absent; any other failure of an expression
//! refuses the message. `docs/mapping.md` shows the mapping of a second shop.

mod file;
mod names;
mod reads;
mod values;
mod walk;

pub use file::MappingFile;
pub use reads::{Part, Reads, Step};

use crate::domain::message::{Envelope, Fields, MessageError, Wanted, plain_text};
use kube::core::cel::KubeCelExt;
use kube::core::cel::cel::{Context, ExecutionError, Program};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Registered once: there are about a hundred, and a message names none or two.
static FUNCTIONS: LazyLock<Context<'static>> = LazyLock::new(|| Context::default().with_all());

/// Keys of the common shop.
const COMMON_SHOP: &str = "
productId: fields.MessageAttributeProductId
quantity: fields.MessageAttributeProductCnt
factoryId: fields.MessageAttributeFactoryId
requester: fields.MessageAttributeRequester
";

/// Longest expression, in bytes: far above any real one.
const EXPRESSION_BYTES_MAX: usize = 4 * 1024;

/// Most characters of what the expression language says: it quotes the message.
const WHY_CHARACTERS_MAX: usize = 200;

/// Why a mapping file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// The file cannot be read.
    #[error("the mapping file {path} cannot be read: {why}")]
    Unreadable {
        /// Which file.
        path: String,
        /// What the system says.
        why: String,
    },
    /// It is no YAML of the expected fields.
    #[error("the mapping is not valid: {0}")]
    Shape(String),
    /// An expression cannot be compiled.
    #[error("the mapping's expression for {field} is not valid: {why}")]
    Expression {
        /// Which field.
        field: &'static str,
        /// What the compiler says.
        why: String,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Document {
    product_id: String,
    quantity: Option<String>,
    factory_id: Option<String>,
    requester: Option<String>,
}

/// A compiled mapping.
#[derive(Debug)]
pub struct Mapping {
    product_id: Expression,
    quantity: Option<Expression>,
    factory_id: Option<Expression>,
    requester: Option<Expression>,
}

#[derive(Debug)]
struct Expression {
    field: &'static str,
    text: String,
    program: Program,
}

impl Mapping {
    /// The mapping of the common shop, for messages with its `MessageAttribute…` keys.
    pub fn common_shop() -> Self {
        Self::parse(COMMON_SHOP).expect("the built-in mapping is valid: a test compiles it")
    }

    /// Compiles a mapping from YAML.
    ///
    /// # Errors
    /// [`MappingError`] names the field.
    pub fn parse(yaml: &str) -> Result<Self, MappingError> {
        let document: Document =
            serde_saphyr::from_str(yaml).map_err(|why| MappingError::Shape(why.to_string()))?;
        let optional = |field, text: Option<String>| {
            text.map(|text| Expression::compile(field, text))
                .transpose()
        };
        Ok(Self {
            product_id: Expression::compile("productId", document.product_id)?,
            quantity: optional("quantity", document.quantity)?,
            factory_id: optional("factoryId", document.factory_id)?,
            requester: optional("requester", document.requester)?,
        })
    }

    /// The order that a message asks for.
    ///
    /// # Errors
    /// [`MessageError`] in words for the sender.
    pub fn wanted(&self, envelope: &Envelope) -> Result<Wanted, MessageError> {
        let context = self.context(envelope);
        let optional = |expression: &Option<Expression>| {
            expression
                .as_ref()
                .map_or(Ok(Value::Null), |expression| expression.value(&context))
        };
        let fields = Fields {
            product_id: self.product_id.value(&context)?,
            quantity: optional(&self.quantity)?,
            factory_id: optional(&self.factory_id)?,
            requester: optional(&self.requester)?,
        };
        Wanted::parse(&fields, envelope, &self.product_id.text)
    }

    /// Only the variables that some expression names: a large body is not converted
    /// for a mapping that reads attributes.
    fn context(&self, envelope: &Envelope) -> Context<'static> {
        let mut context = FUNCTIONS.new_inner_scope();
        if self.names("fields") {
            context.add_variable_from_value("fields", values::from_map(&envelope.fields()));
        }
        if self.names("attributes") {
            context.add_variable_from_value("attributes", values::from_texts(&envelope.attributes));
        }
        if self.names("body") {
            let body = match &envelope.body {
                Value::String(_) => values::from_texts(&BTreeMap::new()),
                body => values::from_json(body),
            };
            context.add_variable_from_value("body", body);
        }
        context
    }

    /// Where in a message the expressions read.
    pub fn reads(&self) -> Reads {
        let mut reads = Reads::default();
        let optional = [&self.quantity, &self.factory_id].into_iter().flatten();
        for expression in std::iter::once(&self.product_id).chain(optional) {
            reads.add(expression.program.expression(), true);
        }
        if let Some(expression) = &self.requester {
            reads.add(expression.program.expression(), false);
        }
        reads
    }

    fn names(&self, variable: &str) -> bool {
        let others = [&self.quantity, &self.factory_id, &self.requester]
            .into_iter()
            .flatten();
        std::iter::once(&self.product_id)
            .chain(others)
            .any(|expression| expression.program.references().has_variable(variable))
    }
}

impl Expression {
    fn compile(field: &'static str, text: String) -> Result<Self, MappingError> {
        let invalid = |why: String| MappingError::Expression { field, why };
        if text.len() > EXPRESSION_BYTES_MAX {
            return Err(invalid(format!("longer than {EXPRESSION_BYTES_MAX} bytes")));
        }
        let program = Program::compile(&text).map_err(|why| invalid(why.to_string()))?;
        Self {
            field,
            text,
            program,
        }
        .known_names()
    }

    /// A misspelt name would make messages fail, perhaps only those that take its branch:
    /// better the file does.
    fn known_names(self) -> Result<Self, MappingError> {
        let context = Mapping::names_only();
        let alone = names::free(self.program.expression());
        // By the evaluator's own judgement, one at a time: it knows its functions.
        let alone = alone.iter().filter_map(|name| Program::compile(name).ok());
        let unknown = std::iter::once(&self.program)
            .chain(&alone.collect::<Vec<_>>())
            .find_map(|program| match program.execute(&context) {
                Err(ExecutionError::UndeclaredReference(name)) => Some(name),
                _ => None,
            });
        match unknown {
            None => Ok(self),
            Some(name) => Err(MappingError::Expression {
                field: self.field,
                why: format!("{name} is not known: there are fields, attributes and body"),
            }),
        }
    }

    fn value(&self, context: &Context) -> Result<Value, MessageError> {
        match self.program.execute(context) {
            Ok(value) => Ok(values::to_json(&value)),
            Err(ExecutionError::NoSuchKey(_)) => Ok(Value::Null),
            Err(error) => Err(MessageError::Mapping {
                what: self.field,
                why: plain_text(&error.to_string(), WHY_CHARACTERS_MAX),
            }),
        }
    }
}

impl Mapping {
    /// A context in which every variable is empty.
    fn names_only() -> Context<'static> {
        let mut context = FUNCTIONS.new_inner_scope();
        for name in ["fields", "attributes", "body"] {
            context.add_variable_from_value(name, values::from_texts(&BTreeMap::new()));
        }
        context
    }
}
