mod deadline;
mod install;
mod pipeline;
mod place;
mod run;
mod status;
mod word;
