# Rscript matching.R <inputs> <outputs>: pairs and weights of MatchIt, propensity weights by formula, survey's weighted effect.
# MatchIt 4.5.1 to 4.5.3 apply calipers wrongly on the distance alone (MatchIt#163); mahvars = ~lp takes the correct way.
library(MatchIt)
library(survey)
folders <- commandArgs(trailingOnly = TRUE)
read <- function(name) read.csv(file.path(folders[1], paste0(name, ".csv")), stringsAsFactors = FALSE)
found <- list()
note <- function(analysis, term, quantity, value) {
  found[[length(found) + 1]] <<- data.frame(analysis = analysis, term = term, quantity = quantity,
                                            value = sprintf("%.17g", as.numeric(value)))
}
tight <- glm.control(epsilon = 1e-15, maxit = 100)

overlap <- read("overlap")
fit <- glm(treat ~ a + b, binomial, overlap, control = tight)
overlap$lp <- fit$linear.predictors
overlap$ps <- fitted(fit)
rownames(overlap) <- overlap$row
note("overlap", overlap$row, "distance", overlap$lp)
pairs <- function(name, distance = "lp", ...) {
  overlap$distance <- overlap[[distance]]
  m <- suppressWarnings(matchit(treat ~ a + b, overlap, distance = overlap$distance, mahvars = ~distance, ...))
  note(name, overlap$row[m$weights > 0], "weight", m$weights[m$weights > 0])
  if (any(m$discarded)) note(name, overlap$row[m$discarded], "discarded", 1)
  if (!is.null(m$caliper)) note(name, "model", "caliper", m$caliper)
  chosen <- m$match.matrix
  for (turn in seq_len(ncol(chosen))) {
    has <- !is.na(chosen[, turn])
    note(name, rownames(chosen)[has], paste0("control_", turn), chosen[has, turn])
  }
}
for (discard in c("none", "treated", "control", "both")) {
  pairs(paste0("discard_", discard), discard = discard, caliper = 0.25)
  pairs(paste0("discard_", discard, "_ratio2"), discard = discard, ratio = 2, caliper = 0.25)
  pairs(paste0("discard_", discard, "_nocaliper"), discard = discard)
}
for (order in c("largest", "smallest", "data")) pairs(paste0("order_", order), m.order = order, caliper = 0.1)
pairs("probability", distance = "ps", caliper = 0.2)
pairs("ratio2", ratio = 2)
pairs("exact", exact = ~site, caliper = 0.25)
pairs("exact_ratio2", exact = ~site, ratio = 2, caliper = 0.25)
pairs("replace", replace = TRUE, caliper = 0.25)
pairs("replace_ratio2", replace = TRUE, ratio = 2, caliper = 0.25)
pairs("replace_exact", replace = TRUE, exact = ~site, caliper = 0.25)
within <- tapply(overlap$lp, overlap$treat, var)
pairs("sd_pooled", caliper = 0.2 * sqrt(mean(within)), std.caliper = FALSE)
pairs("raw", caliper = 0.05, std.caliper = FALSE)

lalonde <- read("lalonde")
model <- treat ~ age + educ + black + hispan + married + nodegree + re74 + re75
score <- fitted(glm(model, binomial, lalonde, control = tight))
a <- lalonde$treat
share <- mean(a)
raw <- list(ate = a / score + (1 - a) / (1 - score), att = a + (1 - a) * score / (1 - score),
            ato = a * (1 - score) + (1 - a) * score)
raw$stabilised <- raw$ate * ifelse(a == 1, share, 1 - share)
limits <- quantile(raw$ate, c(0.01, 0.99))
raw$truncated <- pmin(pmax(raw$ate, limits[1]), limits[2])
limits <- quantile(raw$att[a == 0], c(0.05, 0.95))
raw$att_truncated <- ifelse(a == 1, 1, pmin(pmax(raw$att, limits[1]), limits[2]))
for (name in names(raw)) {
  lalonde$w <- raw[[name]]
  some <- seq(1, length(a), by = 7)
  note(paste0("weights_", name), some, "weight", lalonde$w[some])
  note(paste0("weights_", name), "model", "sum", sum(lalonde$w))
  effect <- svyglm(re78 ~ treat, svydesign(ids = ~1, weights = ~w, data = lalonde))
  note(paste0("weights_", name), "model", "difference", coef(effect)["treat"])
  note(paste0("weights_", name), "model", "std_error", sqrt(vcov(effect)["treat", "treat"]))
  for (group in 0:1) {
    own <- lalonde$w[a == group]
    note(paste0("weights_", name), group, "effective_size", sum(own)^2 / sum(own^2))
  }
}
write.csv(do.call(rbind, found), file.path(folders[2], "matching.csv"), row.names = FALSE, quote = FALSE)
