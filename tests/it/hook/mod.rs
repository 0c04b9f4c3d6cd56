mod deadline;
mod install;
mod place;
mod run;
mod status;
mod word;
